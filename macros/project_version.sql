{# The version of this project, as dbt_project.yml states it. #}
{% macro project_version() %}{{ return(var('project_version')) }}{% endmacro %}
