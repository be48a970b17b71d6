{#
    Tables and views are replaced where they stand, in one transaction: readers wait for
    the published copy, so none needs the old one meanwhile. Building beside and
    renaming twice, as the adapter does, is much of the time of a small build.
#}
{% materialization table, adapter="duckdb" %}
    {{- return(write_relation(replacing_table(sql), pre_hooks, post_hooks)) -}}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
    {{- return(write_relation(replacing_view(sql), pre_hooks, post_hooks, 'view')) -}}
{% endmaterialization %}

{#
    An increment is a query of its own: what the model selects, and what its strategy
    does with that. It needs no look at the columns, for a build whose code changed is
    a full refresh.
#}
{% materialization incremental, adapter="duckdb" %}
    {%- if is_incremental() -%}
        {%- set statements = increment(sql, config.get('incremental_strategy')) -%}
    {%- else -%}
        {%- set statements = replacing_table(sql) -%}
    {%- endif -%}
    {{- return(write_relation(statements, pre_hooks, post_hooks)) -}}
{% endmaterialization %}

{% macro write_relation(statements, pre_hooks, post_hooks, type='table') -%}
    {%- set target = this.incorporate(type=type) -%}
    {{- run_hooks(pre_hooks) -}}
    {%- call statement('main') -%}
        {{ statements }}
    {%- endcall -%}
    {%- if not is_incremental() -%}
        {%- do persist_docs(target, model) -%}
    {%- endif -%}
    {{- run_hooks(post_hooks) -}}
    {%- do adapter.commit() -%}
    {{- return({'relations': [target]}) -}}
{%- endmacro %}

{% macro replacing_table(query) -%}
    {{ drop_existing() }}
    {{ create_table_as(false, this.incorporate(type='table'), query) }}
{%- endmacro %}

{% macro replacing_view(query) -%}
    {{ drop_existing() }}
    {{ create_view_as(this.incorporate(type='view'), query) }}
{%- endmacro %}

{% macro drop_existing() -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none -%}
        drop {{ existing.type }} {{ existing }};
    {%- endif -%}
{%- endmacro %}

{% macro increment(query, strategy) -%}
    {%- set written = make_temp_relation(this) -%}
    {%- set merge = adapter.get_incremental_strategy_macro(context, strategy) -%}
    create temporary table {{ written }} as (
        {{ query }}
    );
    {{ merge({
        'target_relation': this,
        'temp_relation': written,
        'unique_key': config.get('unique_key'),
        'incremental_predicates': config.get('incremental_predicates'),
    }) }}
    drop table {{ written }};
{%- endmacro %}

{# Insert what the increment built, by name. #}
{% macro insert_rewritten(arguments) -%}
    insert into {{ arguments.target_relation }} by name
    select * from {{ arguments.temp_relation }};
{%- endmacro %}
