/**
 * The schema's history: each entry takes a database from version `index` to `index + 1` and is never edited once released.
 * `leaf` is the journal entry that a row's newest fact went into; `mac` authenticates the whole row (formats.md, "Row MAC").
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE station (key TEXT PRIMARY KEY, name TEXT NOT NULL, ticket_epoch INTEGER NOT NULL, factor_epoch INTEGER NOT NULL,
    policy TEXT NOT NULL, origin TEXT NOT NULL, metadata INTEGER NOT NULL,
    journal_key TEXT NOT NULL, journal_key_leaves TEXT NOT NULL, leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE TABLE clock (key TEXT PRIMARY KEY, w INTEGER NOT NULL, high_water INTEGER NOT NULL, wall INTEGER NOT NULL,
    mono INTEGER NOT NULL, uptime INTEGER NOT NULL, boot_id TEXT NOT NULL, drift_wall INTEGER NOT NULL,
    drift_uptime INTEGER NOT NULL, gap_since INTEGER NOT NULL, gap_used INTEGER NOT NULL, suspect INTEGER NOT NULL,
    leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE TABLE head (key TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,
    leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE TABLE accounts (account TEXT PRIMARY KEY, ever_enrolled INTEGER NOT NULL, since INTEGER NOT NULL, first_paid INTEGER,
    uses_service INTEGER NOT NULL, leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE factors (id TEXT PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL, class TEXT NOT NULL,
    cose_key BLOB NOT NULL, sign_count INTEGER NOT NULL, backup_eligible INTEGER NOT NULL, backup_state INTEGER NOT NULL,
    aaguid TEXT NOT NULL, authority TEXT, attestation BLOB, epoch INTEGER NOT NULL, admission TEXT NOT NULL, attested_by TEXT NOT NULL, digest TEXT NOT NULL, intent BLOB NOT NULL,
    evidence BLOB NOT NULL, state TEXT NOT NULL, w0 INTEGER, d0 INTEGER, notice TEXT NOT NULL, history TEXT NOT NULL, leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE INDEX factors_account ON factors (account, state);
  CREATE TABLE codes (factor TEXT PRIMARY KEY, secret BLOB NOT NULL, algorithm TEXT NOT NULL, last_step INTEGER NOT NULL,
    failures INTEGER NOT NULL, locked_until INTEGER, leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE INDEX codes_sealed ON codes (lower(hex(substr(secret, 2, 8))));
  CREATE TABLE destinations (entry TEXT PRIMARY KEY, account TEXT NOT NULL, destination TEXT NOT NULL, label TEXT NOT NULL,
    attested_by TEXT NOT NULL, epoch INTEGER NOT NULL, digest TEXT NOT NULL, intent BLOB NOT NULL, evidence BLOB NOT NULL,
    state TEXT NOT NULL, w0 INTEGER, d0 INTEGER, notice TEXT NOT NULL, history TEXT NOT NULL, leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE INDEX destinations_account ON destinations (account, state);
  CREATE TABLE listings (account TEXT NOT NULL, destination TEXT NOT NULL, entry TEXT NOT NULL,
    leaf INTEGER NOT NULL, mac BLOB NOT NULL, PRIMARY KEY (account, destination)) STRICT, WITHOUT ROWID;
  CREATE TABLE withdrawals (id TEXT PRIMARY KEY, account TEXT NOT NULL, asset TEXT NOT NULL, amount TEXT NOT NULL,
    destination TEXT NOT NULL, entry TEXT NOT NULL, max_fee TEXT NOT NULL, pay_by INTEGER NOT NULL, digest TEXT NOT NULL,
    intent BLOB NOT NULL, evidence BLOB NOT NULL, factors TEXT NOT NULL, epoch INTEGER NOT NULL, state TEXT NOT NULL,
    wallet TEXT, anchor TEXT, "transaction" TEXT, authorized_at INTEGER NOT NULL, reserved_at INTEGER NOT NULL, reserved TEXT,
    counted TEXT NOT NULL,
    operators INTEGER NOT NULL, held_by TEXT NOT NULL, act TEXT,
    history TEXT NOT NULL, leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE INDEX withdrawals_account ON withdrawals (account, state);
  CREATE INDEX withdrawals_open ON withdrawals (pay_by) WHERE state IN ('HELD', 'AUTHORIZED');
  CREATE TABLE transactions (id TEXT PRIMARY KEY, kind TEXT NOT NULL, act TEXT, wallet TEXT NOT NULL, chain TEXT NOT NULL, unsigned BLOB NOT NULL,
    psbt BLOB, pays TEXT NOT NULL, payment_set TEXT NOT NULL, anchor TEXT NOT NULL, max_fee TEXT NOT NULL, replaces TEXT,
    state TEXT NOT NULL, blocked_by TEXT, signed BLOB, sealed BLOB, signer TEXT, signed_by TEXT NOT NULL, declined_by TEXT NOT NULL, attempts INTEGER NOT NULL, permitted_at INTEGER NOT NULL,
    history TEXT NOT NULL, leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE INDEX transactions_open ON transactions (wallet, permitted_at, id)
    WHERE state IN ('PERMITTED', 'SENT', 'UNCERTAIN', 'WITHHELD');
  CREATE INDEX transactions_sealed ON transactions (lower(hex(substr(sealed, 2, 8)))) WHERE sealed IS NOT NULL;
  CREATE TABLE anchors (wallet TEXT NOT NULL, anchor TEXT NOT NULL, payment_set TEXT NOT NULL, "transaction" TEXT NOT NULL,
    leaf INTEGER NOT NULL, mac BLOB NOT NULL, PRIMARY KEY (wallet, anchor)) STRICT, WITHOUT ROWID;
  CREATE TABLE wallets (wallet TEXT PRIMARY KEY, next_nonce INTEGER NOT NULL, next_change INTEGER NOT NULL,
    least_nonce INTEGER NOT NULL, stated_for INTEGER NOT NULL, leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE TABLE registrations (key TEXT PRIMARY KEY, hmac BLOB NOT NULL, signer TEXT NOT NULL, since INTEGER NOT NULL,
    leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE INDEX registrations_sealed ON registrations (lower(hex(substr(hmac, 2, 8))));
  CREATE TABLE spent (key TEXT PRIMARY KEY, by TEXT NOT NULL, leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE freezes (scope TEXT PRIMARY KEY, active INTEGER NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL,
    since INTEGER NOT NULL, leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE INDEX freezes_active ON freezes (active) WHERE active = 1;
  CREATE TABLE notices (id TEXT PRIMARY KEY, sequence INTEGER NOT NULL UNIQUE, account TEXT, kind TEXT NOT NULL,
    subject TEXT NOT NULL, text TEXT NOT NULL, token TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL,
    acknowledged_at INTEGER, leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE INDEX notices_waiting ON notices (sequence) WHERE acknowledged_at IS NULL;
  CREATE TABLE operators (name TEXT PRIMARY KEY, credential TEXT NOT NULL, sign_count INTEGER NOT NULL,
    backup_state INTEGER NOT NULL, suspended INTEGER NOT NULL, by TEXT NOT NULL, why TEXT NOT NULL, since INTEGER NOT NULL,
    history TEXT NOT NULL, leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE TABLE acts (id TEXT PRIMARY KEY, verb TEXT NOT NULL, subject TEXT NOT NULL, digest TEXT NOT NULL, base TEXT NOT NULL,
    payload BLOB NOT NULL, state TEXT NOT NULL, operators TEXT NOT NULL, evidence BLOB NOT NULL, w0 INTEGER, d0 INTEGER,
    notice TEXT, opened_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, history TEXT NOT NULL,
    leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE INDEX acts_unsettled ON acts (verb, subject, digest) WHERE state IN ('OPEN', 'ANNOUNCING', 'RIPENING');
  CREATE INDEX withdrawals_held ON withdrawals (pay_by) WHERE state = 'HELD';
  CREATE TABLE buckets (scope TEXT PRIMARY KEY, packed BLOB NOT NULL, leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE prices (key TEXT PRIMARY KEY, document BLOB NOT NULL, act TEXT NOT NULL, since INTEGER NOT NULL,
    leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;
  CREATE TABLE cosignatures (witness TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, time INTEGER NOT NULL,
    signature BLOB NOT NULL, at INTEGER NOT NULL, leaf INTEGER NOT NULL, mac BLOB NOT NULL) STRICT;

  -- The journal. A leaf's bytes, the complete nodes of its tree, and the openings of its commitments, erasable one by one.
  CREATE TABLE leaves ("index" INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE nodes (level INTEGER NOT NULL, "index" INTEGER NOT NULL, hash BLOB NOT NULL,
    PRIMARY KEY (level, "index")) STRICT, WITHOUT ROWID;
  CREATE TABLE openings (leaf INTEGER NOT NULL, field TEXT NOT NULL, salt BLOB NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (leaf, field)) STRICT, WITHOUT ROWID;
  -- Policy documents by hash, so that a decision's policy can be shown for as long as the decision counts.
  CREATE TABLE policies (hash TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;
  `,
];
