-- No CTE: into a view that has one PostgreSQL joins nothing, and a build by touched records would read every row.
select
    record_key_hash as record_id,
    item,
    reason,
    as_of_on
from {{ source('audit', 'tombstones') }}
