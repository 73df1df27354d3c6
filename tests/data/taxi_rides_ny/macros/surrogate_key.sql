{# A key from several columns: the MD5 of their texts. NULL and the empty text give different keys. #}
{% macro surrogate_key(columns) -%}
    md5(
        {%- for column in columns %}
        coalesce(cast({{ column }} as text), '_null_') {% if not loop.last %}|| '-' ||{% endif %}
        {%- endfor %}
    )
{%- endmacro %}
