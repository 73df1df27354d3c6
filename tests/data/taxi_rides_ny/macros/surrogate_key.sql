{# A key from several columns: the MD5 of their texts. NULL and the empty text give different keys. #}
{% macro surrogate_key(columns) -%}
    {%- set texts -%}
        {%- for column in columns %}
        coalesce(cast({{ column }} as {{ dbt.type_string() }}), '_null_') {% if not loop.last %}|| '-' ||{% endif %}
        {%- endfor %}
    {%- endset -%}
    {# MD5 is a text on PostgreSQL, and bytes on BigQuery. #}
    {% if target.type == 'bigquery' %}to_hex(md5({{ texts }})){% else %}md5({{ texts }}){% endif %}
{%- endmacro %}
