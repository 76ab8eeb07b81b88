"""What left the platform: every export with purpose and records, and what its recipient has to delete (S19, S32)."""

from creditgate.warehouse.migrations.scripts import run_script

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_EXPORTS = """
alter table audit.exports
    add column purpose text,
    add column file_sha256 text,
    add column first_last_day_on date;
comment on column audit.exports.first_last_day_on is 'the earliest last day of disclosure of a record in the file';
create table audit.export_records (
    export_id bigint not null references audit.exports,
    record_key_hash uuid not null,
    primary key (export_id, record_key_hash)
);
create trigger append_only before update or delete or truncate on audit.export_records
    for each statement execute function audit.refuse_change();
alter table audit.export_records enable always trigger append_only;
create view audit.exports_to_recall as
select
    export.export_id, export.exported_at, export.recipient, export.relation, export.file_sha256,
    count(*) as records_deleted, max(tombstone.removed_at) as last_deleted_at
from audit.exports as export
inner join audit.export_records as record on record.export_id = export.export_id
inner join audit.tombstones as tombstone on tombstone.record_key_hash = record.record_key_hash
group by export.export_id;
comment on view audit.exports_to_recall is
    'exports that hold records which have been deleted since: their recipients have to delete them too'
"""


def upgrade() -> None:
    """Add the columns, the list of records and the view of what is to be recalled."""
    run_script(_EXPORTS)


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
