"""The authorised query: the only door of `query_officer` to records that are not public (S21–S25).

The records come from `marts.fct_authorised_query`, which dbt makes; the body is bound late, so that the
function can be made before the table.
"""

from creditgate.warehouse.migrations.scripts import run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_QUERY_SUBJECT = r"""
create function sharing.query_subject(
    p_inquirer_name text,
    p_inquirer_unit text,
    p_subject_key text,
    p_purpose text,
    p_authorisation_ref text
)
returns table (
    record_id uuid,
    item text,
    subject_key text,
    subject_name text,
    subject_kind text,
    decision_number text,
    summary text,
    decided_on date,
    last_disclosure_on date,
    is_under_objection boolean,
    provider_code text,
    authority_name text
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_today date := (now() at time zone 'Asia/Shanghai')::date;
    v_key text := sharing.trim_blanks(p_subject_key);
    v_missing text := concat_ws(', ',
        case when sharing.trim_blanks(p_inquirer_name) is null then 'p_inquirer_name' end,
        case when sharing.trim_blanks(p_inquirer_unit) is null then 'p_inquirer_unit' end,
        case when v_key is null then 'p_subject_key' end,
        case when sharing.trim_blanks(p_purpose) is null then 'p_purpose' end,
        case when sharing.trim_blanks(p_authorisation_ref) is null then 'p_authorisation_ref' end);
    v_records bigint;
begin
    if v_missing <> '' then
        raise exception 'an authorised query states who asks, about whom, why and by what authority; blank: %', v_missing
            using errcode = 'invalid_parameter_value', hint = 'give every parameter (S23, S25)';
    end if;
    if sharing.is_identity_number(v_key) then
        raise exception 'p_subject_key is an identity number in clear'
            using errcode = 'invalid_parameter_value',
            hint = 'give the keyed hash of the number, or the credit code of an organisation';
    end if;
    if to_regclass('marts.fct_authorised_query') is null then
        raise exception 'the marts have not been built yet'
            using errcode = 'object_not_in_prerequisite_state', hint = 'run the DAG build_marts (or `creditgate run`) first';
    end if;
    select count(*) into v_records
    from marts.fct_authorised_query as q
    where q.subject_key = v_key and (q.last_disclosure_on is null or q.last_disclosure_on >= v_today);
    insert into audit.query_log (inquirer_name, inquirer_unit, content, purpose, authorisation_ref)
    values (
        sharing.trim_blanks(p_inquirer_name),
        sharing.trim_blanks(p_inquirer_unit),
        format('subject %s: %s records in force', v_key, v_records),
        sharing.trim_blanks(p_purpose),
        sharing.trim_blanks(p_authorisation_ref)
    );
    return query
    select
        q.record_id, q.item, q.subject_key, q.subject_name, q.subject_kind, q.decision_number, q.summary,
        q.decided_on, q.last_disclosure_on, q.is_under_objection, q.provider_code, q.authority_name
    from marts.fct_authorised_query as q
    where q.subject_key = v_key and (q.last_disclosure_on is null or q.last_disclosure_on >= v_today)
    order by q.decided_on desc nulls last, q.record_id;
end
$$
"""

_HELPERS = r"""
create function sharing.trim_blanks(p_text text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select nullif(regexp_replace(p_text, '^[[:space:]\u3000\u00a0]+|[[:space:]\u3000\u00a0]+$', '', 'g'), '') $$;

create function sharing.is_identity_number(p_text text) returns boolean
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
    c_weights constant integer[] := array[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    v_sum integer := 0;
begin
    if p_text !~ '^[1-9][0-9]{5}(18|19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]$' then
        return false;
    end if;
    for i in 1..17 loop
        v_sum := v_sum + c_weights[i] * substr(p_text, i, 1)::integer;
    end loop;
    return substr('10X98765432', v_sum % 11 + 1, 1) = upper(right(p_text, 1));
end
$$;

revoke all on function sharing.trim_blanks(text) from public;
revoke all on function sharing.is_identity_number(text) from public;
"""


def upgrade() -> None:
    """Make the query function, closed to everybody until roles are granted."""
    run_script(_HELPERS)
    run_script(_QUERY_SUBJECT)
    run_script("revoke all on function sharing.query_subject(text, text, text, text, text) from public")


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
