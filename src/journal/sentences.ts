import type { Leaf, LeafKind } from './leaf.ts';

/** A member's value in words; '' where the leaf has none. */
type Member = (name: string) => string;

/** What each kind of entry says happened, for people who read the log: one sentence, from its own members and nothing else. */
export const leafSentences: Readonly<Record<LeafKind, (of: Member) => string>> = {
  'station-founded': (of) =>
    `the station was founded, on ${of('time_source')} time, with the journal key ${of('journal_key')}`,
  'journal-key-added': (of) => `the journal got the key ${of('journal_key')}, beside ${of('former')}`,
  'station-restored': (of) =>
    `the station was restored as ${of('restored')} from a backup of ${of('size')} entries of ${of('former')}, with the journal key ${of('journal_key')}`,
  'wallet-stated': (of) =>
    `operators ${of('who')} stated what ${of('wallet')} used before the restore: ${of('next_nonce') === '' ? 'outpoints' : `every nonce below ${of('next_nonce')}`}`,
  'policy-in-force': (of) =>
    `policy ${of('policy')} took effect${after(' in the place of ', of('replaces'))}${byAct(of)}`,
  'factor-added': (of) =>
    `account ${of('account')} enrolled factor ${of('factor')} (${of('kind_of_factor')}, ${of('class')})${after(', admitted by ', of('admitted_by') || names(of('operators')))}${after(', as ', of('admission'))}${attested(of, 'attested_by')}`,
  'factor-ripening': (of) =>
    `the notice of factor intent ${of('intent')} was delivered: the factor ripens ${lasting(of('d0'))}`,
  'factor-revoked': (of) => `factor ${of('factor')} of account ${of('account')} was revoked by ${of('by')}`,
  'destination-added': (of) =>
    `account ${of('account')} listed ${of('destination')} as ${of('entry')}${after(', imported by ', names(of('operators')))}${attested(of, 'attested_by')}`,
  'chunk-imported': (of) =>
    `chunk ${of('index')} was imported: ${of('factors')} factor(s), ${of('destinations')} destination(s), ${of('skipped')} skipped${byAct(of)}`,
  'destination-ripening': (of) => `the notice of entry ${of('entry')} was delivered: it ripens ${lasting(of('d0'))}`,
  'destination-removed': (of) => `entry ${of('entry')} of account ${of('account')} was removed by ${of('by')}`,
  'withdrawal-authorized': (of) => `withdrawal ${of('withdrawal')} was authorized: ${payment(of)}`,
  'withdrawal-held': (of) =>
    `withdrawal ${of('withdrawal')} is held for ${of('operators')} operator(s) by ${of('held_by')}: ${payment(of)}`,
  'withdrawal-ended': (of) => `withdrawal ${of('withdrawal')} ended unpaid, ${of('state')} by ${of('by')}`,
  'withdrawal-voided': (of) =>
    `withdrawal ${of('withdrawal')} was not paid and never will be: ${of('transaction')} confirmed in its place${byAct(of)}`,
  'withdrawal-confirmed': (of) => `withdrawal ${of('withdrawal')} is paid: ${of('transaction')} confirmed${byAct(of)}`,
  'withdrawal-approved': (of) => `withdrawal ${of('withdrawal')} was approved by ${names(of('operators'))}${byAct(of)}`,
  'transaction-permitted': (of) =>
    `${of('transaction_kind') || 'payment'} ${of('transaction')} was permitted at ${of('anchor')} of wallet ${of('wallet')}${after(' for ', names(of('withdrawals')))}${after(' in the place of ', of('replaces'))}${byAct(of)}`,
  'transaction-sent': (of) => `transaction ${of('transaction')} went to its device, attempt ${of('attempt')}`,
  'transaction-signed': (of) => `transaction ${of('transaction')} was signed and released`,
  'transaction-withheld': (of) => `the signature of transaction ${of('transaction')} is withheld: ${of('reason')}`,
  'transaction-declined': (of) => `transaction ${of('transaction')} was declined: ${of('reason')}`,
  'transaction-part-signed': (of) => `${of('signer')} signed its part of transaction ${of('transaction')}`,
  'transaction-part-declined': (of) =>
    `${of('signer')} declined transaction ${of('transaction')}, which others may still sign: ${of('reason')}`,
  'transaction-uncertain': (of) => `how transaction ${of('transaction')} ended is uncertain: ${of('reason')}`,
  'transaction-retried': (of) => `transaction ${of('transaction')} goes to its device again${byAct(of)}`,
  'transaction-replaced': (of) => `transaction ${of('transaction')} was replaced by ${of('by')}`,
  'transaction-voided': (of) => `transaction ${of('transaction')} was voided by ${of('by')}`,
  'transaction-confirmed': (of) => `operators state that transaction ${of('transaction')} confirmed${byAct(of)}`,
  'signer-key-created': (of) =>
    `${of('who')} had the signer ${of('signer')} (${of('device')}) make the key ${of('key')}, ${of('public_key')}: ${of('attributes')}`,
  'wallet-registered': (of) =>
    `${of('who')} had wallet ${of('wallet')} registered on ${of('signer')}, whose device has the fingerprint ${of('fingerprint')}, as policy ${of('wallet_policy')}`,
  refused: (of) => `a request was refused, ${of('reason')}: ${refused(of)}`,
  'refusals-aggregated': (of) => `further refusals, told by their number: ${of('counts')}`,
  'breaker-tripped': (of) =>
    `the breaker tripped, ${of('rule')}: ${of('counted')} of ${of('watch')} within the ${of('window')} are above ${of('above')}, the last ${of('by')}; it freezes ${scope(of)}`,
  frozen: (of) => `${of('who')} froze ${scope(of)}: ${of('why')}${after(', at table ', of('table'))}`,
  thawed: (of) => `the freeze of ${scope(of)} was lifted by ${of('who')}: ${of('why')}`,
  'clock-suspect': (of) => `the clock became suspect: ${of('findings')}`,
  'clock-acknowledged': (of) => `the clock was acknowledged by ${of('who')}: ${of('why')}`,
  'clock-vouched': (of) => `${of('who')} vouched for ${lasting(of('ms'))} that passed unseen${byAct(of)}`,
  'operator-acted': (of) => `operator ${of('operator')} signed "${of('verb')} ${of('subject')}"${byAct(of)}`,
  'act-announced': (of) => `act ${of('act')} has its quorum, and is announced`,
  'act-ripening': (of) => `the notice of act ${of('act')} was delivered: it ripens ${lasting(of('d0'))}`,
  'act-effective': (of) => `act ${of('act')} took effect, signed by ${names(of('operators'))}`,
  'act-ended': (of) =>
    `act ${of('act')} ended without effect, ${of('state')} by ${of('by')}${after(': ', of('reason'))}`,
  'operator-suspended': (of) => `operator ${of('operator')} was suspended by ${of('who')}: ${of('why')}${byAct(of)}`,
  'operator-reinstated': (of) => `operator ${of('operator')} was reinstated by ${of('who')}${byAct(of)}`,
  'epoch-raised': (of) =>
    `every customer’s factor was revoked by ${of('who')}: epoch ${of('factor_epoch')}${byAct(of)}`,
};

const after = (words: string, value: string): string => (value === '' ? '' : `${words}${value}`);

const byAct = (of: Member): string => after(' (act ', of('act')) + (of('act') === '' ? '' : ')');

const names = (joined: string): string => joined.split(' ').join(', ');

const payment = (of: Member): string =>
  `${of('amount')} base units of ${of('asset')} from account ${of('account')} to ${of('destination')}${attested(of, 'factors')}${after(', payments shown by browsers: ', of('payments_shown'))}`;

/** By which factors, and by which MFA services. */
const attested = (of: Member, factors: string): string =>
  after(', attested by ', [of(factors), of('services')].filter((value) => value !== '').join(' and by '));

/** A freeze of a person's account or destination has a commitment in the scope's place. */
function scope(of: Member): string {
  const kind = of('scope_kind');
  return kind === '' ? of('scope') : `${kind} ${of(kind)}`;
}

function refused(of: Member): string {
  const what = of('what');
  if (what === 'act') return `an operator’s act, ${of('verb')}, intent ${of('intent')}`;
  if (what === 'transaction')
    return `transaction ${of('transaction')} of wallet ${of('wallet')}, which names ${of('withdrawals')} withdrawal(s)`;
  if (what === 'withdrawal')
    return `withdrawal ${of('withdrawal')}, ${of('amount')} base units of ${of('asset')} from account ${of('account')}`;
  if (what === 'destination') return `destination ${of('entry')} of account ${of('account')}`;
  if (what === 'factor') return `factor ${of('factor')} of account ${of('account')}`;
  return `${what}${after(' ', of('intent'))}`;
}

/** ms as people say them: `24 h`, `1 h 30 min`, `12 s`. */
function lasting(ms: string): string {
  if (!/^[0-9]{1,15}$/.test(ms)) return ms;
  const seconds = Math.ceil(Number(ms) / 1_000);
  const parts: [count: number, unit: string][] = [
    [Math.floor(seconds / 3_600), 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
  return said.length === 0 ? '0 s' : said.join(' ');
}

/** What a commitment shows as where nothing opens it: it was erased, or the reader has only the log. */
export const committed = '(committed)';

/** `opened`: values of the leaf's commitments, by member, each checked against its commitment. */
export function leafSentence(leaf: Leaf, opened: Readonly<Record<string, string>> = {}): string {
  return leafSentences[leaf.kind]((name) => {
    const value = leaf.fields[name] ?? '';
    return opened[name] ?? (value.startsWith('commit:') ? committed : value);
  });
}
