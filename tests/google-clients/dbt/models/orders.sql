{{ config(materialized='table') }}
{% if var('day') == '2024-01-01' %}
select 1 as id, 10 as amount, date '2024-01-01' as day
union all
select 2, 20, date '2024-01-01'
{% else %}
select 2 as id, 22 as amount, date '2024-01-02' as day
union all
select 3, 30, date '2024-01-02'
{% endif %}
