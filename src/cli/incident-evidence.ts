import type { Attester, PaymentEvidence, RipeningEvidence } from '../custody/incident/report.ts';
import { escaped } from './operator-page.ts';

// The evidence of one payment, in sentences. HTML: whatever the journal says is text in it (threat S10).

export const code = (text: string): string => `<code>${escaped(text)}</code>`;

/** `2022-01-17 00:46:00`, UTC. */
export const moment = (time: string): string => escaped(time.replace('T', ' ').replace('Z', ''));

export function evidenceList(payment: PaymentEvidence): string {
  const { authorized, attested_by, held, listing, transaction, intent, policy, withdrawal } = payment;
  const rows: [label: string, html: string][] = [
    ['withdrawal', `${code(withdrawal)}, authorized ${moment(authorized.time)} (entry ${authorized.leaf})`],
    ['attested by', listOf(attested_by.map(attesterText))],
  ];
  if (held !== null) rows.push(['operators', heldText(held)]);
  rows.push(['destination', listing === null ? 'its listing is not at hand' : listingText(listing, authorized.time)]);
  rows.push([
    'transaction',
    `${transaction.hash === null ? 'its released bytes are not at hand' : code(transaction.hash)}, from wallet ${code(transaction.wallet)} at ${code(transaction.anchor)}; permitted ${moment(transaction.permitted.time)} (entry ${transaction.permitted.leaf}), signature released ${moment(transaction.released.time)} (entry ${transaction.released.leaf})${replaced(transaction.replaced_by)}`,
  ]);
  rows.push([
    'bound by',
    `intent ${code(intent)}, policy ${code(policy)}, signed bytes ${code(transaction.raw)} (SHA-256)`,
  ]);
  return `<dl>${rows.map(([label, html]) => `<dt>${label}</dt><dd>${html}</dd>`).join('')}</dl>`;
}

function listingText(
  { entry, label, listed, admission, listed_by, ripening }: NonNullable<PaymentEvidence['listing']>,
  at: string,
): string {
  const when =
    listed === null ? 'listed at a time that is not at hand' : `listed ${moment(listed.time)} (entry ${listed.leaf})`;
  const named = label === '' ? '' : `, which its owner calls “${escaped(label)}”`;
  const how = admission === 'import' ? 'Imported by operators.' : `Attested by ${listOf(listed_by.map(attesterText))}`;
  return `<p>${code(entry)}${named}, ${when}${ripeText(ripening, at)}.</p><p>${how}</p>`;
}

function heldText({ by, approved_by }: NonNullable<PaymentEvidence['held']>): string {
  const who = approved_by.length === 0 ? 'approval not at hand' : `approved by ${approved_by.map(code).join(', ')}`;
  return `held by ${by.map(code).join(', ')}; ${who}`;
}

function attesterText(attester: Attester): string {
  const { kind, id, enrolled, ripening, state } = attester;
  if (kind === 'mfa-token') return `a token of the MFA service ${code(id)}`;
  const kindText = kind === 'totp' ? 'one-time code of factor' : 'assertion by factor';
  const verified =
    attester.user_verified === null ? '' : attester.user_verified ? ', user verified' : ', user NOT verified';
  const shown = attester.payment_shown === true ? ', the browser showed the payment' : '';
  const when =
    enrolled === null
      ? '; its enrolment is not at hand'
      : `; enrolled ${moment(enrolled.time)} (entry ${enrolled.leaf}) ${admittedText(attester)}`;
  const now = state === null || state === 'standing' ? '' : `; ${state} since`;
  return `${kindText} ${code(id)} (${escaped(attester.class ?? 'class not told')}${verified}${shown})${when}${ripening === null ? '' : ripeText(ripening)}${now}`;
}

function admittedText({ admission, admitted_by }: Attester): string {
  const by = admitted_by.map(code).join(', ');
  const ways: Readonly<Record<string, string>> = {
    voucher: `on a voucher of ${by}`,
    attested: `on the word of ${by}`,
    operators: `on the word of operators ${by}`,
    recovery: `as a recovery, on the word of operators ${by}`,
    import: `by import, on the word of operators ${by}`,
  };
  return ways[admission ?? ''] ?? `by ${by}`;
}

function ripeText({ notice_delivered, d0, ripe_not_before, ripe_for }: RipeningEvidence, at?: string): string {
  if (notice_delivered === null || d0 === null) return '; its ripening is not at hand';
  const since = ripe_not_before === null ? '' : `, ripe since ${moment(ripe_not_before)} at the earliest`;
  const lasted =
    ripe_for === null
      ? ''
      : ` (${lasting(ripe_for)} of witnessed time before ${at === undefined ? 'it was relied on' : `the payment was authorized`})`;
  return `; its notice was delivered ${moment(notice_delivered.time)} (entry ${notice_delivered.leaf})${since}${lasted}`;
}

function replaced(ids: readonly string[]): string {
  return ids.length === 0
    ? ''
    : `; replaced at the same anchor by ${ids.map(code).join(', ')}, so that one of them confirms`;
}

function listOf(items: readonly string[]): string {
  const [only] = items;
  if (only === undefined) return 'nobody: its evidence is not at hand';
  return items.length === 1 ? `${only}.` : `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`;
}

/** ms as people say them, to the minute. */
function lasting(ms: number): string {
  const minutes = Math.floor(Math.abs(ms) / 60_000);
  const parts = [
    [Math.floor(minutes / 1_440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
  return `${ms < 0 ? 'minus ' : ''}${said.length === 0 ? 'less than a minute' : said.join(' ')}`;
}
