CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

CREATE TABLE import_file (
    import_id INTEGER NOT NULL, 
    name TEXT NOT NULL, 
    sha256 TEXT NOT NULL, 
    size BIGINT NOT NULL, 
    kind TEXT NOT NULL, 
    format TEXT NOT NULL, 
    profile TEXT NOT NULL, 
    imported_at TEXT NOT NULL, 
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
    import_id INTEGER NOT NULL, 
    notice_no BIGINT NOT NULL, 
    code TEXT NOT NULL, 
    message TEXT NOT NULL, 
    subject_key TEXT NOT NULL, 
    line BIGINT, 
    PRIMARY KEY (import_id, notice_no), 
    FOREIGN KEY(import_id) REFERENCES import_file (import_id)
);

CREATE TABLE statement (
    statement_id INTEGER NOT NULL, 
    import_id INTEGER NOT NULL, 
    entity TEXT NOT NULL, 
    account TEXT NOT NULL, 
    message_type TEXT NOT NULL, 
    kind TEXT NOT NULL, 
    currency TEXT, 
    number TEXT, 
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
    payment_id TEXT NOT NULL, 
    import_id INTEGER NOT NULL, 
    statement_id INTEGER, 
    entity TEXT NOT NULL, 
    account TEXT NOT NULL, 
    entry_index BIGINT NOT NULL, 
    detail_index BIGINT NOT NULL, 
    detail_count BIGINT NOT NULL, 
    booking_date DATE NOT NULL, 
    value_date DATE NOT NULL, 
    currency TEXT NOT NULL, 
    amount_minor BIGINT NOT NULL, 
    entry_amount_minor BIGINT NOT NULL, 
    status TEXT NOT NULL, 
    reversal BOOLEAN NOT NULL, 
    bank_reference TEXT, 
    transaction_code TEXT, 
    end_to_end_id TEXT, 
    creditor_reference TEXT, 
    mandate_id TEXT, 
    counterparty_name TEXT, 
    counterparty_iban TEXT, 
    ultimate_name TEXT, 
    remittance_text TEXT, 
    charges_minor BIGINT, 
    original_currency TEXT, 
    original_minor BIGINT, 
    return_reason TEXT, 
    additional_info TEXT, 
    state TEXT NOT NULL, 
    aside_reason TEXT, 
    PRIMARY KEY (payment_id), 
    CHECK (state in ('new', 'review', 'posted', 'suspense', 'aside')), 
    CHECK ((state = 'aside') = (aside_reason is not null)), 
    CHECK (state = 'aside' or amount_minor > 0), 
    FOREIGN KEY(import_id) REFERENCES import_file (import_id), 
    FOREIGN KEY(statement_id) REFERENCES statement (statement_id)
);

CREATE INDEX bank_entry_open ON bank_entry (booking_date) WHERE state in ('new', 'review', 'suspense');

CREATE TABLE bank_reference (
    payment_id TEXT NOT NULL, 
    line_no BIGINT NOT NULL, 
    reference TEXT, 
    kind TEXT, 
    amount_minor BIGINT, 
    deduction_minor BIGINT, 
    reason TEXT, 
    date DATE, 
    PRIMARY KEY (payment_id, line_no), 
    FOREIGN KEY(payment_id) REFERENCES bank_entry (payment_id)
)
 WITHOUT ROWID;

CREATE TABLE advice (
    advice_id TEXT NOT NULL, 
    import_id INTEGER NOT NULL, 
    entity TEXT, 
    customer_id TEXT, 
    payer_name TEXT, 
    payer_iban TEXT, 
    payment_reference TEXT, 
    payment_date DATE, 
    currency TEXT, 
    total_minor BIGINT, 
    lines_minor BIGINT, 
    line_count BIGINT NOT NULL, 
    payment_id TEXT, 
    PRIMARY KEY (advice_id), 
    FOREIGN KEY(import_id) REFERENCES import_file (import_id), 
    FOREIGN KEY(payment_id) REFERENCES bank_entry (payment_id)
);

CREATE INDEX advice_payment ON advice (payment_id);

CREATE TABLE advice_line (
    advice_id TEXT NOT NULL, 
    line_no BIGINT NOT NULL, 
    reference TEXT, 
    amount_minor BIGINT, 
    deduction_minor BIGINT, 
    reason TEXT, 
    PRIMARY KEY (advice_id, line_no), 
    FOREIGN KEY(advice_id) REFERENCES advice (advice_id)
)
 WITHOUT ROWID;

CREATE TABLE customer (
    customer_id TEXT NOT NULL, 
    name TEXT NOT NULL, 
    known_ibans TEXT, 
    aliases TEXT, 
    customer_type TEXT, 
    parent_id TEXT, 
    supplier_id TEXT, 
    siren TEXT, 
    vat_number TEXT, 
    import_id BIGINT NOT NULL, 
    PRIMARY KEY (customer_id)
);

CREATE TABLE open_item (
    entity TEXT NOT NULL, 
    item_id TEXT NOT NULL, 
    customer_id TEXT, 
    customer_name TEXT, 
    reference TEXT, 
    other_references TEXT, 
    currency TEXT NOT NULL, 
    kind TEXT, 
    account TEXT NOT NULL, 
    imported_minor BIGINT NOT NULL, 
    open_minor BIGINT NOT NULL, 
    original_minor BIGINT, 
    issue_date DATE, 
    due_date DATE, 
    disputed BOOLEAN NOT NULL, 
    payer_id TEXT, 
    letter_group BIGINT, 
    source TEXT NOT NULL, 
    import_id BIGINT, 
    payment_id TEXT, 
    seq BIGINT, 
    line_no BIGINT, 
    PRIMARY KEY (entity, item_id), 
    CHECK (source in ('import', 'on_account', 'suspense', 'adjustment')), 
    CHECK ((source = 'import') = (seq is null)), 
    CHECK (source = 'suspense' or customer_id is not null)
);

CREATE INDEX open_item_own ON open_item (payment_id) WHERE source <> 'import';

CREATE TABLE decision (
    decision_id INTEGER NOT NULL, 
    payment_id TEXT NOT NULL, 
    state TEXT NOT NULL, 
    status TEXT NOT NULL, 
    proof TEXT NOT NULL, 
    confidence_ppm BIGINT NOT NULL, 
    explanations_count BIGINT NOT NULL, 
    rule TEXT, 
    reason TEXT NOT NULL, 
    customer_id TEXT, 
    decided_at TEXT NOT NULL, 
    decided_by TEXT NOT NULL, 
    seq BIGINT, 
    PRIMARY KEY (decision_id), 
    CHECK (state in ('proposed', 'posted', 'reversed', 'refused')), 
    CHECK ((state in ('posted', 'reversed')) = (seq is not null))
);

CREATE UNIQUE INDEX decision_proposed ON decision (payment_id) WHERE state = 'proposed';

CREATE TABLE allocation (
    decision_id INTEGER NOT NULL, 
    rank BIGINT NOT NULL, 
    entity TEXT NOT NULL, 
    item_id TEXT NOT NULL, 
    customer_id TEXT, 
    allocated_minor BIGINT NOT NULL, 
    evidence TEXT NOT NULL, 
    PRIMARY KEY (decision_id, rank, entity, item_id), 
    FOREIGN KEY(decision_id) REFERENCES decision (decision_id)
)
 WITHOUT ROWID;

CREATE TABLE adjustment (
    decision_id INTEGER NOT NULL, 
    rank BIGINT NOT NULL, 
    line_no BIGINT NOT NULL, 
    role TEXT NOT NULL, 
    amount_minor BIGINT NOT NULL, 
    item_id TEXT, 
    rate_ppm BIGINT, 
    PRIMARY KEY (decision_id, rank, line_no), 
    FOREIGN KEY(decision_id) REFERENCES decision (decision_id)
)
 WITHOUT ROWID;

CREATE TABLE refusal (
    payment_id TEXT NOT NULL, 
    item_set TEXT NOT NULL, 
    refused_at TEXT NOT NULL, 
    refused_by TEXT NOT NULL, 
    reason TEXT NOT NULL, 
    decision_id BIGINT NOT NULL, 
    PRIMARY KEY (payment_id, item_set), 
    FOREIGN KEY(payment_id) REFERENCES bank_entry (payment_id)
)
 WITHOUT ROWID;

CREATE TABLE journal_entry (
    seq INTEGER NOT NULL, 
    entity TEXT NOT NULL, 
    journal TEXT NOT NULL, 
    fiscal_year BIGINT NOT NULL, 
    number BIGINT NOT NULL, 
    kind TEXT NOT NULL, 
    posting_date DATE NOT NULL, 
    piece_date DATE NOT NULL, 
    piece_ref TEXT NOT NULL, 
    label TEXT NOT NULL, 
    currency TEXT NOT NULL, 
    payment_id TEXT NOT NULL, 
    decision_id BIGINT, 
    reverses_seq BIGINT, 
    posted_at TEXT NOT NULL, 
    posted_by TEXT NOT NULL, 
    previous_hash TEXT NOT NULL, 
    hash TEXT NOT NULL, 
    PRIMARY KEY (seq), 
    UNIQUE (entity, journal, fiscal_year, number), 
    CHECK (kind in ('clearing', 'suspense', 'release', 'reversal')), 
    CHECK ((kind = 'reversal') = (reverses_seq is not null))
);

CREATE UNIQUE INDEX journal_entry_reverses ON journal_entry (reverses_seq) WHERE reverses_seq is not null;

CREATE INDEX journal_entry_reversal ON journal_entry (payment_id) WHERE kind = 'reversal';

CREATE TABLE posting (
    seq INTEGER NOT NULL, 
    line_no BIGINT NOT NULL, 
    account TEXT NOT NULL, 
    customer_id TEXT, 
    label TEXT NOT NULL, 
    amount_minor BIGINT NOT NULL, 
    currency TEXT NOT NULL, 
    item_id TEXT, 
    PRIMARY KEY (seq, line_no), 
    FOREIGN KEY(seq) REFERENCES journal_entry (seq)
)
 WITHOUT ROWID;

CREATE TABLE letter_group (
    letter_group INTEGER NOT NULL, 
    entity TEXT NOT NULL, 
    account TEXT NOT NULL, 
    customer_id TEXT NOT NULL, 
    fiscal_year BIGINT NOT NULL, 
    kind TEXT NOT NULL, 
    code_no BIGINT NOT NULL, 
    code TEXT NOT NULL, 
    balance_minor BIGINT NOT NULL, 
    lettered_on DATE NOT NULL, 
    group_max_date DATE NOT NULL, 
    state TEXT NOT NULL, 
    created_seq BIGINT NOT NULL, 
    ended_seq BIGINT, 
    PRIMARY KEY (letter_group), 
    UNIQUE (entity, account, customer_id, fiscal_year, kind, code_no), 
    CHECK (kind in ('full', 'partial')), 
    CHECK (state in ('live', 'replaced', 'dissolved'))
);

CREATE TABLE letter_member (
    letter_group INTEGER NOT NULL, 
    member_no BIGINT NOT NULL, 
    item_id TEXT, 
    seq BIGINT, 
    line_no BIGINT, 
    PRIMARY KEY (letter_group, member_no), 
    FOREIGN KEY(letter_group) REFERENCES letter_group (letter_group)
)
 WITHOUT ROWID;

CREATE INDEX letter_member_posting ON letter_member (seq, line_no);

create trigger journal_entry_no_update before update on journal_entry begin select raise(abort, 'posted entries are never edited'); end;

create trigger journal_entry_no_delete before delete on journal_entry begin select raise(abort, 'posted entries are never edited'); end;

create trigger posting_no_update before update on posting begin select raise(abort, 'posted entries are never edited'); end;

create trigger posting_no_delete before delete on posting begin select raise(abort, 'posted entries are never edited'); end;

create trigger allocation_no_update before update on allocation when (select state from decision where decision_id = old.decision_id) in ('posted', 'reversed') begin select raise(abort, 'posted decisions are never edited'); end;

create trigger allocation_no_delete before delete on allocation when (select state from decision where decision_id = old.decision_id) in ('posted', 'reversed') begin select raise(abort, 'posted decisions are never edited'); end;

create trigger adjustment_no_update before update on adjustment when (select state from decision where decision_id = old.decision_id) in ('posted', 'reversed') begin select raise(abort, 'posted decisions are never edited'); end;

create trigger adjustment_no_delete before delete on adjustment when (select state from decision where decision_id = old.decision_id) in ('posted', 'reversed') begin select raise(abort, 'posted decisions are never edited'); end;

INSERT INTO alembic_version (version_num) VALUES ('0001') RETURNING version_num;

-- Running upgrade 0001 -> 0002

ALTER TABLE advice_line ADD COLUMN payment_id TEXT;

CREATE INDEX advice_line_payment ON advice_line (payment_id) WHERE payment_id is not null;

UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';

-- Running upgrade 0002 -> 0003

ALTER TABLE open_item ADD COLUMN vat TEXT;

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';

-- Running upgrade 0003 -> 0004

CREATE TABLE bank_entry_next (
    payment_id TEXT NOT NULL, 
    import_id INTEGER NOT NULL, 
    statement_id INTEGER, 
    entity TEXT NOT NULL, 
    account TEXT NOT NULL, 
    entry_index BIGINT NOT NULL, 
    detail_index BIGINT NOT NULL, 
    detail_count BIGINT NOT NULL, 
    booking_date DATE NOT NULL, 
    value_date DATE NOT NULL, 
    currency TEXT NOT NULL, 
    amount_minor BIGINT NOT NULL, 
    entry_amount_minor BIGINT NOT NULL, 
    status TEXT NOT NULL, 
    reversal BOOLEAN NOT NULL, 
    bank_reference TEXT, 
    transaction_code TEXT, 
    end_to_end_id TEXT, 
    creditor_reference TEXT, 
    mandate_id TEXT, 
    counterparty_name TEXT, 
    counterparty_iban TEXT, 
    ultimate_name TEXT, 
    remittance_text TEXT, 
    charges_minor BIGINT, 
    original_currency TEXT, 
    original_minor BIGINT, 
    return_reason TEXT, 
    additional_info TEXT, 
    state TEXT NOT NULL, 
    aside_reason TEXT, 
    PRIMARY KEY (payment_id), 
    CHECK (state in ('new', 'review', 'posted', 'suspense', 'aside')), 
    CHECK ((state = 'aside') = (aside_reason is not null)), 
    CHECK (state in ('aside', 'posted') or amount_minor > 0), 
    FOREIGN KEY(import_id) REFERENCES import_file (import_id), 
    FOREIGN KEY(statement_id) REFERENCES statement (statement_id)
);

insert into bank_entry_next select * from bank_entry;

drop table bank_entry;

alter table bank_entry_next rename to bank_entry;

CREATE INDEX bank_entry_open ON bank_entry (booking_date) WHERE state in ('new', 'review', 'suspense');

UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0003';

-- Running upgrade 0004 -> 0005

CREATE TABLE operation (
    operation_id TEXT NOT NULL, 
    entity TEXT NOT NULL, 
    currency TEXT NOT NULL, 
    operation_date DATE NOT NULL, 
    reference TEXT, 
    PRIMARY KEY (operation_id)
);

ALTER TABLE open_item ADD COLUMN foreign_currency TEXT;

ALTER TABLE open_item ADD COLUMN foreign_imported_minor BIGINT;

ALTER TABLE open_item ADD COLUMN foreign_open_minor BIGINT;

ALTER TABLE allocation ADD COLUMN foreign_minor BIGINT;

ALTER TABLE posting ADD COLUMN foreign_currency TEXT;

ALTER TABLE posting ADD COLUMN foreign_minor BIGINT;

UPDATE alembic_version SET version_num='0005' WHERE alembic_version.version_num = '0004';

-- Running upgrade 0005 -> 0006

CREATE TABLE answered_call (
    caller TEXT NOT NULL, 
    call_key TEXT NOT NULL, 
    method TEXT NOT NULL, 
    request_sha256 TEXT NOT NULL, 
    answer TEXT NOT NULL, 
    answered_at TEXT NOT NULL, 
    PRIMARY KEY (caller, call_key)
);

CREATE TABLE claim (
    payment_id TEXT NOT NULL, 
    claimed_by TEXT NOT NULL, 
    claimed_at TEXT NOT NULL, 
    claimed_until TEXT NOT NULL, 
    PRIMARY KEY (payment_id)
);

UPDATE alembic_version SET version_num='0006' WHERE alembic_version.version_num = '0005';

-- Running upgrade 0006 -> 0007

ALTER TABLE open_item ADD COLUMN analytic TEXT;

ALTER TABLE posting ADD COLUMN analytic TEXT;

CREATE INDEX open_item_analytic ON open_item (item_id) WHERE analytic is not null;

CREATE INDEX allocation_item ON allocation (item_id);

UPDATE alembic_version SET version_num='0007' WHERE alembic_version.version_num = '0006';

-- Running upgrade 0007 -> 0008

CREATE TABLE forgotten_fact (
    kind TEXT NOT NULL, 
    value TEXT NOT NULL, 
    customer_id TEXT NOT NULL, 
    forgotten_at TEXT NOT NULL, 
    forgotten_by TEXT NOT NULL, 
    reason TEXT NOT NULL, 
    PRIMARY KEY (kind, value, customer_id, forgotten_at)
);

UPDATE alembic_version SET version_num='0008' WHERE alembic_version.version_num = '0007';

-- Running upgrade 0008 -> 0009

CREATE TABLE audit_record (
    audit_no INTEGER NOT NULL, 
    action TEXT NOT NULL, 
    entity TEXT NOT NULL, 
    payment_id TEXT NOT NULL, 
    decision_id BIGINT, 
    seq BIGINT, 
    document TEXT NOT NULL, 
    previous_hash TEXT NOT NULL, 
    hash TEXT NOT NULL, 
    PRIMARY KEY (audit_no)
);

create trigger audit_record_no_update before update on audit_record begin select raise(abort, 'audit records are never edited'); end;

create trigger audit_record_no_delete before delete on audit_record begin select raise(abort, 'audit records are never edited'); end;

CREATE TABLE approval (
    payment_id TEXT NOT NULL, 
    choice_sha256 TEXT NOT NULL, 
    approved_by TEXT NOT NULL, 
    approved_at TEXT NOT NULL, 
    PRIMARY KEY (payment_id)
);

UPDATE alembic_version SET version_num='0009' WHERE alembic_version.version_num = '0008';

-- Running upgrade 0009 -> 0010

CREATE INDEX open_item_customer ON open_item (customer_id);

UPDATE alembic_version SET version_num='0010' WHERE alembic_version.version_num = '0009';

