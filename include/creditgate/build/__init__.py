"""build: dbt from accepted rows to the marts, for one as-of date."""
