CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

CREATE TABLE import_file (
    import_id BIGINT NOT NULL, 
    name TEXT COLLATE "C" NOT NULL, 
    sha256 TEXT COLLATE "C" NOT NULL, 
    size BIGINT NOT NULL, 
    kind TEXT COLLATE "C" NOT NULL, 
    format TEXT COLLATE "C" NOT NULL, 
    profile TEXT COLLATE "C" NOT NULL, 
    imported_at TEXT COLLATE "C" NOT NULL, 
    read_count BIGINT NOT NULL, 
    new_count BIGINT NOT NULL, 
    known_count BIGINT NOT NULL, 
    changed_count BIGINT NOT NULL, 
    kept_count BIGINT NOT NULL, 
    closed_count BIGINT NOT NULL, 
    aside_count BIGINT NOT NULL, 
    PRIMARY KEY (import_id), 
    UNIQUE (sha256, kind, profile)
);

CREATE TABLE import_notice (
    import_id BIGINT NOT NULL, 
    notice_no BIGINT NOT NULL, 
    code TEXT COLLATE "C" NOT NULL, 
    message TEXT COLLATE "C" NOT NULL, 
    subject_key TEXT COLLATE "C" NOT NULL, 
    line BIGINT, 
    PRIMARY KEY (import_id, notice_no), 
    FOREIGN KEY(import_id) REFERENCES import_file (import_id)
);

CREATE TABLE statement (
    statement_id BIGINT NOT NULL, 
    import_id BIGINT NOT NULL, 
    entity TEXT COLLATE "C" NOT NULL, 
    account TEXT COLLATE "C" NOT NULL, 
    message_type TEXT COLLATE "C" NOT NULL, 
    kind TEXT COLLATE "C" NOT NULL, 
    currency TEXT COLLATE "C", 
    number TEXT COLLATE "C", 
    opening_date DATE, 
    opening_minor BIGINT, 
    closing_date DATE, 
    closing_minor BIGINT, 
    entry_count BIGINT NOT NULL, 
    difference_minor BIGINT, 
    PRIMARY KEY (statement_id), 
    FOREIGN KEY(import_id) REFERENCES import_file (import_id)
);

CREATE TABLE bank_entry (
    payment_id TEXT COLLATE "C" NOT NULL, 
    import_id BIGINT NOT NULL, 
    statement_id BIGINT, 
    entity TEXT COLLATE "C" NOT NULL, 
    account TEXT COLLATE "C" NOT NULL, 
    entry_index BIGINT NOT NULL, 
    detail_index BIGINT NOT NULL, 
    detail_count BIGINT NOT NULL, 
    booking_date DATE NOT NULL, 
    value_date DATE NOT NULL, 
    currency TEXT COLLATE "C" NOT NULL, 
    amount_minor BIGINT NOT NULL, 
    entry_amount_minor BIGINT NOT NULL, 
    status TEXT COLLATE "C" NOT NULL, 
    reversal BOOLEAN NOT NULL, 
    bank_reference TEXT COLLATE "C", 
    transaction_code TEXT COLLATE "C", 
    end_to_end_id TEXT COLLATE "C", 
    creditor_reference TEXT COLLATE "C", 
    mandate_id TEXT COLLATE "C", 
    counterparty_name TEXT COLLATE "C", 
    counterparty_iban TEXT COLLATE "C", 
    ultimate_name TEXT COLLATE "C", 
    remittance_text TEXT COLLATE "C", 
    charges_minor BIGINT, 
    original_currency TEXT COLLATE "C", 
    original_minor BIGINT, 
    return_reason TEXT COLLATE "C", 
    additional_info TEXT COLLATE "C", 
    state TEXT COLLATE "C" NOT NULL, 
    aside_reason TEXT COLLATE "C", 
    PRIMARY KEY (payment_id), 
    CHECK (state in ('new', 'review', 'posted', 'suspense', 'aside')), 
    CHECK ((state = 'aside') = (aside_reason is not null)), 
    CHECK (state = 'aside' or amount_minor > 0), 
    FOREIGN KEY(import_id) REFERENCES import_file (import_id), 
    FOREIGN KEY(statement_id) REFERENCES statement (statement_id)
);

CREATE INDEX bank_entry_open ON bank_entry (booking_date) WHERE state in ('new', 'review', 'suspense');

CREATE TABLE bank_reference (
    payment_id TEXT COLLATE "C" NOT NULL, 
    line_no BIGINT NOT NULL, 
    reference TEXT COLLATE "C", 
    kind TEXT COLLATE "C", 
    amount_minor BIGINT, 
    deduction_minor BIGINT, 
    reason TEXT COLLATE "C", 
    date DATE, 
    PRIMARY KEY (payment_id, line_no), 
    FOREIGN KEY(payment_id) REFERENCES bank_entry (payment_id)
);

CREATE TABLE advice (
    advice_id TEXT COLLATE "C" NOT NULL, 
    import_id BIGINT NOT NULL, 
    entity TEXT COLLATE "C", 
    customer_id TEXT COLLATE "C", 
    payer_name TEXT COLLATE "C", 
    payer_iban TEXT COLLATE "C", 
    payment_reference TEXT COLLATE "C", 
    payment_date DATE, 
    currency TEXT COLLATE "C", 
    total_minor BIGINT, 
    lines_minor BIGINT, 
    line_count BIGINT NOT NULL, 
    payment_id TEXT COLLATE "C", 
    PRIMARY KEY (advice_id), 
    FOREIGN KEY(import_id) REFERENCES import_file (import_id), 
    FOREIGN KEY(payment_id) REFERENCES bank_entry (payment_id)
);

CREATE INDEX advice_payment ON advice (payment_id);

CREATE TABLE advice_line (
    advice_id TEXT COLLATE "C" NOT NULL, 
    line_no BIGINT NOT NULL, 
    reference TEXT COLLATE "C", 
    amount_minor BIGINT, 
    deduction_minor BIGINT, 
    reason TEXT COLLATE "C", 
    PRIMARY KEY (advice_id, line_no), 
    FOREIGN KEY(advice_id) REFERENCES advice (advice_id)
);

CREATE TABLE customer (
    customer_id TEXT COLLATE "C" NOT NULL, 
    name TEXT COLLATE "C" NOT NULL, 
    known_ibans TEXT COLLATE "C", 
    aliases TEXT COLLATE "C", 
    customer_type TEXT COLLATE "C", 
    parent_id TEXT COLLATE "C", 
    supplier_id TEXT COLLATE "C", 
    siren TEXT COLLATE "C", 
    vat_number TEXT COLLATE "C", 
    import_id BIGINT NOT NULL, 
    PRIMARY KEY (customer_id)
);

CREATE TABLE open_item (
    entity TEXT COLLATE "C" NOT NULL, 
    item_id TEXT COLLATE "C" NOT NULL, 
    customer_id TEXT COLLATE "C", 
    customer_name TEXT COLLATE "C", 
    reference TEXT COLLATE "C", 
    other_references TEXT COLLATE "C", 
    currency TEXT COLLATE "C" NOT NULL, 
    kind TEXT COLLATE "C", 
    account TEXT COLLATE "C" NOT NULL, 
    imported_minor BIGINT NOT NULL, 
    open_minor BIGINT NOT NULL, 
    original_minor BIGINT, 
    issue_date DATE, 
    due_date DATE, 
    disputed BOOLEAN NOT NULL, 
    payer_id TEXT COLLATE "C", 
    letter_group BIGINT, 
    source TEXT COLLATE "C" NOT NULL, 
    import_id BIGINT, 
    payment_id TEXT COLLATE "C", 
    seq BIGINT, 
    line_no BIGINT, 
    PRIMARY KEY (entity, item_id), 
    CHECK (source in ('import', 'on_account', 'suspense', 'adjustment')), 
    CHECK ((source = 'import') = (seq is null)), 
    CHECK (source = 'suspense' or customer_id is not null)
)
 WITH (fillfactor = 70);

CREATE INDEX open_item_own ON open_item (payment_id) WHERE source <> 'import';

CREATE TABLE decision (
    decision_id BIGINT NOT NULL, 
    payment_id TEXT COLLATE "C" NOT NULL, 
    state TEXT COLLATE "C" NOT NULL, 
    status TEXT COLLATE "C" NOT NULL, 
    proof TEXT COLLATE "C" NOT NULL, 
    confidence_ppm BIGINT NOT NULL, 
    explanations_count BIGINT NOT NULL, 
    rule TEXT COLLATE "C", 
    reason TEXT COLLATE "C" NOT NULL, 
    customer_id TEXT COLLATE "C", 
    decided_at TEXT COLLATE "C" NOT NULL, 
    decided_by TEXT COLLATE "C" NOT NULL, 
    seq BIGINT, 
    PRIMARY KEY (decision_id), 
    CHECK (state in ('proposed', 'posted', 'reversed', 'refused')), 
    CHECK ((state in ('posted', 'reversed')) = (seq is not null))
);

CREATE UNIQUE INDEX decision_proposed ON decision (payment_id) WHERE state = 'proposed';

CREATE TABLE allocation (
    decision_id BIGINT NOT NULL, 
    rank BIGINT NOT NULL, 
    entity TEXT COLLATE "C" NOT NULL, 
    item_id TEXT COLLATE "C" NOT NULL, 
    customer_id TEXT COLLATE "C", 
    allocated_minor BIGINT NOT NULL, 
    evidence TEXT COLLATE "C" NOT NULL, 
    PRIMARY KEY (decision_id, rank, entity, item_id)
);

CREATE TABLE adjustment (
    decision_id BIGINT NOT NULL, 
    rank BIGINT NOT NULL, 
    line_no BIGINT NOT NULL, 
    role TEXT COLLATE "C" NOT NULL, 
    amount_minor BIGINT NOT NULL, 
    item_id TEXT COLLATE "C", 
    rate_ppm BIGINT, 
    PRIMARY KEY (decision_id, rank, line_no)
);

CREATE TABLE refusal (
    payment_id TEXT COLLATE "C" NOT NULL, 
    item_set TEXT COLLATE "C" NOT NULL, 
    refused_at TEXT COLLATE "C" NOT NULL, 
    refused_by TEXT COLLATE "C" NOT NULL, 
    reason TEXT COLLATE "C" NOT NULL, 
    decision_id BIGINT NOT NULL, 
    PRIMARY KEY (payment_id, item_set), 
    FOREIGN KEY(payment_id) REFERENCES bank_entry (payment_id)
);

CREATE TABLE journal_entry (
    seq BIGINT NOT NULL, 
    entity TEXT COLLATE "C" NOT NULL, 
    journal TEXT COLLATE "C" NOT NULL, 
    fiscal_year BIGINT NOT NULL, 
    number BIGINT NOT NULL, 
    kind TEXT COLLATE "C" NOT NULL, 
    posting_date DATE NOT NULL, 
    piece_date DATE NOT NULL, 
    piece_ref TEXT COLLATE "C" NOT NULL, 
    label TEXT COLLATE "C" NOT NULL, 
    currency TEXT COLLATE "C" NOT NULL, 
    payment_id TEXT COLLATE "C" NOT NULL, 
    decision_id BIGINT, 
    reverses_seq BIGINT, 
    posted_at TEXT COLLATE "C" NOT NULL, 
    posted_by TEXT COLLATE "C" NOT NULL, 
    previous_hash TEXT COLLATE "C" NOT NULL, 
    hash TEXT COLLATE "C" NOT NULL, 
    PRIMARY KEY (seq), 
    UNIQUE (entity, journal, fiscal_year, number), 
    CHECK (kind in ('clearing', 'suspense', 'release', 'reversal')), 
    CHECK ((kind = 'reversal') = (reverses_seq is not null))
);

CREATE UNIQUE INDEX journal_entry_reverses ON journal_entry (reverses_seq) WHERE reverses_seq is not null;

CREATE INDEX journal_entry_reversal ON journal_entry (payment_id) WHERE kind = 'reversal';

CREATE TABLE posting (
    seq BIGINT NOT NULL, 
    line_no BIGINT NOT NULL, 
    account TEXT COLLATE "C" NOT NULL, 
    customer_id TEXT COLLATE "C", 
    label TEXT COLLATE "C" NOT NULL, 
    amount_minor BIGINT NOT NULL, 
    currency TEXT COLLATE "C" NOT NULL, 
    item_id TEXT COLLATE "C", 
    PRIMARY KEY (seq, line_no)
);

CREATE TABLE letter_group (
    letter_group BIGINT NOT NULL, 
    entity TEXT COLLATE "C" NOT NULL, 
    account TEXT COLLATE "C" NOT NULL, 
    customer_id TEXT COLLATE "C" NOT NULL, 
    fiscal_year BIGINT NOT NULL, 
    kind TEXT COLLATE "C" NOT NULL, 
    code_no BIGINT NOT NULL, 
    code TEXT COLLATE "C" NOT NULL, 
    balance_minor BIGINT NOT NULL, 
    lettered_on DATE NOT NULL, 
    group_max_date DATE NOT NULL, 
    state TEXT COLLATE "C" NOT NULL, 
    created_seq BIGINT NOT NULL, 
    ended_seq BIGINT, 
    PRIMARY KEY (letter_group), 
    UNIQUE (entity, account, customer_id, fiscal_year, kind, code_no), 
    CHECK (kind in ('full', 'partial')), 
    CHECK (state in ('live', 'replaced', 'dissolved'))
);

CREATE TABLE letter_member (
    letter_group BIGINT NOT NULL, 
    member_no BIGINT NOT NULL, 
    item_id TEXT COLLATE "C", 
    seq BIGINT, 
    line_no BIGINT, 
    PRIMARY KEY (letter_group, member_no)
);

CREATE INDEX letter_member_posting ON letter_member (seq, line_no);

create function journal_entry_no_update() returns trigger language plpgsql as $$ begin if true then raise exception 'posted entries are never edited'; end if; return new; end $$;

create trigger journal_entry_no_update before update on journal_entry for each row execute function journal_entry_no_update();

create function journal_entry_no_delete() returns trigger language plpgsql as $$ begin if true then raise exception 'posted entries are never edited'; end if; return old; end $$;

create trigger journal_entry_no_delete before delete on journal_entry for each row execute function journal_entry_no_delete();

create function posting_no_update() returns trigger language plpgsql as $$ begin if true then raise exception 'posted entries are never edited'; end if; return new; end $$;

create trigger posting_no_update before update on posting for each row execute function posting_no_update();

create function posting_no_delete() returns trigger language plpgsql as $$ begin if true then raise exception 'posted entries are never edited'; end if; return old; end $$;

create trigger posting_no_delete before delete on posting for each row execute function posting_no_delete();

create function allocation_no_update() returns trigger language plpgsql as $$ begin if (select state from decision where decision_id = old.decision_id) in ('posted', 'reversed') then raise exception 'posted decisions are never edited'; end if; return new; end $$;

create trigger allocation_no_update before update on allocation for each row execute function allocation_no_update();

create function allocation_no_delete() returns trigger language plpgsql as $$ begin if (select state from decision where decision_id = old.decision_id) in ('posted', 'reversed') then raise exception 'posted decisions are never edited'; end if; return old; end $$;

create trigger allocation_no_delete before delete on allocation for each row execute function allocation_no_delete();

create function adjustment_no_update() returns trigger language plpgsql as $$ begin if (select state from decision where decision_id = old.decision_id) in ('posted', 'reversed') then raise exception 'posted decisions are never edited'; end if; return new; end $$;

create trigger adjustment_no_update before update on adjustment for each row execute function adjustment_no_update();

create function adjustment_no_delete() returns trigger language plpgsql as $$ begin if (select state from decision where decision_id = old.decision_id) in ('posted', 'reversed') then raise exception 'posted decisions are never edited'; end if; return old; end $$;

create trigger adjustment_no_delete before delete on adjustment for each row execute function adjustment_no_delete();

INSERT INTO alembic_version (version_num) VALUES ('0001') RETURNING alembic_version.version_num;

-- Running upgrade 0001 -> 0002

ALTER TABLE advice_line ADD COLUMN payment_id TEXT COLLATE "C";

CREATE INDEX advice_line_payment ON advice_line (payment_id) WHERE payment_id is not null;

UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';

-- Running upgrade 0002 -> 0003

ALTER TABLE open_item ADD COLUMN vat TEXT COLLATE "C";

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';

-- Running upgrade 0003 -> 0004

alter table bank_entry drop constraint bank_entry_check1;

alter table bank_entry add check (state in ('aside', 'posted') or amount_minor > 0);

UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0003';

-- Running upgrade 0004 -> 0005

CREATE TABLE operation (
    operation_id TEXT COLLATE "C" NOT NULL, 
    entity TEXT COLLATE "C" NOT NULL, 
    currency TEXT COLLATE "C" NOT NULL, 
    operation_date DATE NOT NULL, 
    reference TEXT COLLATE "C", 
    PRIMARY KEY (operation_id)
);

ALTER TABLE open_item ADD COLUMN foreign_currency TEXT COLLATE "C";

ALTER TABLE open_item ADD COLUMN foreign_imported_minor BIGINT;

ALTER TABLE open_item ADD COLUMN foreign_open_minor BIGINT;

ALTER TABLE allocation ADD COLUMN foreign_minor BIGINT;

ALTER TABLE posting ADD COLUMN foreign_currency TEXT COLLATE "C";

ALTER TABLE posting ADD COLUMN foreign_minor BIGINT;

UPDATE alembic_version SET version_num='0005' WHERE alembic_version.version_num = '0004';

-- Running upgrade 0005 -> 0006

CREATE TABLE answered_call (
    caller TEXT COLLATE "C" NOT NULL, 
    call_key TEXT COLLATE "C" NOT NULL, 
    method TEXT COLLATE "C" NOT NULL, 
    request_sha256 TEXT COLLATE "C" NOT NULL, 
    answer TEXT COLLATE "C" NOT NULL, 
    answered_at TEXT COLLATE "C" NOT NULL, 
    PRIMARY KEY (caller, call_key)
);

CREATE TABLE claim (
    payment_id TEXT COLLATE "C" NOT NULL, 
    claimed_by TEXT COLLATE "C" NOT NULL, 
    claimed_at TEXT COLLATE "C" NOT NULL, 
    claimed_until TEXT COLLATE "C" NOT NULL, 
    PRIMARY KEY (payment_id)
);

UPDATE alembic_version SET version_num='0006' WHERE alembic_version.version_num = '0005';

-- Running upgrade 0006 -> 0007

ALTER TABLE open_item ADD COLUMN analytic TEXT COLLATE "C";

ALTER TABLE posting ADD COLUMN analytic TEXT COLLATE "C";

CREATE INDEX open_item_analytic ON open_item (item_id) WHERE analytic is not null;

CREATE INDEX allocation_item ON allocation (item_id);

UPDATE alembic_version SET version_num='0007' WHERE alembic_version.version_num = '0006';

-- Running upgrade 0007 -> 0008

CREATE TABLE forgotten_fact (
    kind TEXT COLLATE "C" NOT NULL, 
    value TEXT COLLATE "C" NOT NULL, 
    customer_id TEXT COLLATE "C" NOT NULL, 
    forgotten_at TEXT COLLATE "C" NOT NULL, 
    forgotten_by TEXT COLLATE "C" NOT NULL, 
    reason TEXT COLLATE "C" NOT NULL, 
    PRIMARY KEY (kind, value, customer_id, forgotten_at)
);

UPDATE alembic_version SET version_num='0008' WHERE alembic_version.version_num = '0007';

-- Running upgrade 0008 -> 0009

CREATE TABLE audit_record (
    audit_no BIGINT NOT NULL, 
    action TEXT COLLATE "C" NOT NULL, 
    entity TEXT COLLATE "C" NOT NULL, 
    payment_id TEXT COLLATE "C" NOT NULL, 
    decision_id BIGINT, 
    seq BIGINT, 
    document TEXT COLLATE "C" NOT NULL, 
    previous_hash TEXT COLLATE "C" NOT NULL, 
    hash TEXT COLLATE "C" NOT NULL, 
    PRIMARY KEY (audit_no)
);

create function audit_record_no_update() returns trigger language plpgsql as $$ begin if true then raise exception 'audit records are never edited'; end if; return new; end $$;

create trigger audit_record_no_update before update on audit_record for each row execute function audit_record_no_update();

create function audit_record_no_delete() returns trigger language plpgsql as $$ begin if true then raise exception 'audit records are never edited'; end if; return old; end $$;

create trigger audit_record_no_delete before delete on audit_record for each row execute function audit_record_no_delete();

CREATE TABLE approval (
    payment_id TEXT COLLATE "C" NOT NULL, 
    choice_sha256 TEXT COLLATE "C" NOT NULL, 
    approved_by TEXT COLLATE "C" NOT NULL, 
    approved_at TEXT COLLATE "C" NOT NULL, 
    PRIMARY KEY (payment_id)
);

UPDATE alembic_version SET version_num='0009' WHERE alembic_version.version_num = '0008';

-- Running upgrade 0009 -> 0010

CREATE INDEX open_item_customer ON open_item (customer_id);

UPDATE alembic_version SET version_num='0010' WHERE alembic_version.version_num = '0009';

