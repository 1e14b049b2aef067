import { toBase64url } from '../attestation/base64url.ts';
import {
  type AccountId,
  type DestinationRecord,
  type FactorRecord,
  type NoticeId,
  type NoticeKind,
  type NoticeRecord,
  toHex,
  type WithdrawalRecord,
} from '../domain/index.ts';
import type { Facts } from '../store/facts.ts';

/** The random parts of a notice, drawn before the decision that may send it. */
export interface NoticeSeed {
  readonly id: NoticeId;
  readonly token: string;
}

export function noticeSeed({ random }: { readonly random: { bytes(count: number): Uint8Array } }): NoticeSeed {
  return { id: toHex(random.bytes(16)) as NoticeId, token: toBase64url(random.bytes(32)) };
}

/** A notice for the outbox. `leaf` is the index of the entry that it tells of: unique, and so its place in the outbox. */
export function writeNotice(
  seed: NoticeSeed,
  facts: Facts,
  of: {
    /** Null for the station's operators. */
    readonly account: AccountId | null;
    readonly kind: NoticeKind;
    readonly subject: string;
    readonly text: string;
    readonly leaf?: number;
  },
): NoticeRecord {
  return {
    id: seed.id,
    sequence: facts.nextLeaf + (of.leaf ?? 0),
    account: of.account,
    kind: of.kind,
    subject: of.subject,
    text: of.text,
    token: seed.token,
    createdAt: facts.now,
    acknowledgedAt: null,
  };
}

// What customers read. Every value in them is of a closed character set (ids, CAIP strings, labels), so that nothing of a
// customer's or a client's can change what the sentence says.

const object =
  'If this was not you, object at once with the link in this message: what is still waiting is then cancelled.';

export function factorAddedText(factor: Pick<FactorRecord, 'account' | 'class'>, hours: number): string {
  const what = factor.class === 'totp' ? 'An authenticator app for one-time codes' : `A new ${factor.class} passkey`;
  return `${what} was added to your account ${factor.account}. It can approve nothing for ${hours} hours. ${object}`;
}

/** Of a factor with which operators let an account recover: goes to every channel. */
export function recoveryBegunText(factor: Pick<FactorRecord, 'account' | 'class'>, hours: number): string {
  return `Somebody asked the station's operators to let your account ${factor.account} recover, and they admitted a new ${factor.class} passkey to it. It can approve nothing for ${hours} hours; until then no address and no other passkey can be added. ${object}`;
}

export function factorRevokedText(factor: Pick<FactorRecord, 'account'>): string {
  return `A passkey of your account ${factor.account} was revoked, and with it whatever it had approved that was still waiting.`;
}

/** What operators read: an account lost its last factor. */
export function lastFactorText(account: AccountId): string {
  return `Account ${account} is frozen: its last factor was revoked. Its owner can only recover, by operators; thaw it once they have.`;
}

export function spaceLowText(why: string): string {
  return `The station froze itself: ${why}. Make room where its database lies, then thaw it.`;
}

/** Look-alikes that a notice names: what it says must stay short enough to be read. */
const mostNamed = 3;

export function destinationAddedText(
  entry: Pick<DestinationRecord, 'account' | 'destination' | 'label'>,
  hours: number,
  lookalikes: readonly string[],
): string {
  const label = entry.label === '' ? '' : ` (${entry.label})`;
  const named = lookalikes.slice(0, mostNamed).join(', ');
  const warning = named === '' ? '' : ` Take care: it looks like ${named}, which you listed before.`;
  return `The address ${entry.destination}${label} was added to the withdrawal addresses of your account ${entry.account}. Nothing can be paid to it for ${hours} hours.${warning} ${object}`;
}

export function destinationRemovedText(entry: Pick<DestinationRecord, 'account' | 'destination'>): string {
  return `The address ${entry.destination} was removed from the withdrawal addresses of your account ${entry.account}.`;
}

export function withdrawalAuthorizedText(
  w: Pick<WithdrawalRecord, 'account' | 'amount' | 'destination'>,
  symbol: string,
  decimals: number,
  held: boolean,
): string {
  const waits = held ? ' It waits until the operators have looked at it.' : '';
  return `A withdrawal of ${formatUnits(w.amount, decimals)} ${symbol} from your account ${w.account} to ${w.destination} was approved with your passkey.${waits} If this was not you, object at once with the link in this message.`;
}

export function withdrawalVoidedText(
  w: Pick<WithdrawalRecord, 'id' | 'account' | 'amount' | 'destination'>,
  symbol: string,
  decimals: number,
): string {
  return `Withdrawal ${w.id} of ${formatUnits(w.amount, decimals)} ${symbol} from your account ${w.account} to ${w.destination} was not paid, and never will be: the operators voided it. It can be asked for anew, and then takes your approval again.`;
}

/** What operators read: one of them froze something. `why` is of a closed character set. */
export function operatorFrozeText(scope: string, who: string, why: string): string {
  return `Operator ${who} froze ${scope}: ${why}. A quorum can thaw it.`;
}

/** What operators read: one of them suspended another, or a quorum one of the recovery's people. */
export function operatorSuspendedText(name: string, who: string, why: string): string {
  return `Operator ${name} was suspended by ${who}: ${why}. Whatever ${name} signed counts no longer. A quorum can reinstate ${name}.`;
}

/** What operators read: a row fails its authentication code (D4). Not which one: it may name a person. */
export function tamperedText(table: string): string {
  return `The station froze itself: a row of its table ${table} was not written by it. Someone has had their hands in its database: stop it and run verify before you thaw it.`;
}

/** What operators read: a device answered with something that is not its key's signature of the transaction (S7). */
export function wrongSignatureText(wallet: string, transaction: string): string {
  return `The station froze wallet ${wallet}: its device answered transaction ${transaction} with a wrong signature. Nothing was released. Find out what answered before you thaw it.`;
}

/** What operators read: a customer objected. Things are named up to a number, so that the sentence stays readable. */
export function accountFrozenText(
  account: AccountId,
  cancelled: readonly string[],
  disputed: readonly string[],
): string {
  const list = (things: readonly string[]): string =>
    things.length <= mostListed
      ? things.join(', ')
      : `${things.slice(0, mostListed).join(', ')} and ${things.length - mostListed} more`;
  const stopped = cancelled.length === 0 ? '' : ` Cancelled: ${list(cancelled)}.`;
  const unsigned =
    disputed.length === 0
      ? ''
      : ` Permitted already and not signed yet, disputed by the customer, stopped at the device by the freeze: ${list(disputed)}.`;
  return `Account ${account} is frozen: its owner objected to a notice.${stopped}${unsigned}`;
}

/** What operators read: the circuit breaker froze something. `by`: what it saw last. */
export function breakerTrippedText(frozen: readonly (readonly [scope: string, why: string])[], by: string): string {
  const list = frozen.map(([scope, why]) => `${scope} (${why})`).join('; ');
  return `The circuit breaker froze ${list}. It saw ${by} last. Look at it before you thaw: what was stopped goes on by itself then.`;
}

const mostListed = 20;

/** Base units as a decimal number of whole units, exactly. */
export function formatUnits(amount: bigint, decimals: number): string {
  const digits = amount.toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = decimals === 0 ? '' : digits.slice(-decimals).replace(/0+$/, '');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** Addresses of the list that agree with this one in their first and last four characters (threat D5). */
export function lookalikes(destination: string, listed: readonly string[]): string[] {
  const ends = (address: string): string => {
    const reference = address
      .slice(address.lastIndexOf(':') + 1)
      .toLowerCase()
      .replace(/^0x/, '');
    return `${reference.slice(0, 4)}…${reference.slice(-4)}`;
  };
  return listed.filter((other) => other !== destination && ends(other) === ends(destination));
}
