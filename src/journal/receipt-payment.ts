import { paymentTo, shown, type WithdrawalIntent } from '../domain/index.ts';
import { ReceiptError } from './receipt-error.ts';
import type { ReceiptPayee } from './receipt-policy.ts';

export type ReceiptPayable = Pick<WithdrawalIntent, 'amount' | 'destination'>;

/**
 * Client data of the type `payment.get` (Secure Payment Confirmation): whether what the browser showed can be this withdrawal. Returns it
 * in words: whether currency and text are the policy's is for the reader. The station compared every character of it
 * (`attestation/webauthn/payment.ts`). `payee`: the policy's.
 */
export function checkReceiptPayment(
  payment: unknown,
  { amount, destination }: ReceiptPayable,
  { name, origin }: ReceiptPayee,
): string {
  const { payeeName, payeeOrigin, total, instrument } = membersOf(payment);
  const { value, currency } = membersOf(total);
  const { displayName } = membersOf(instrument);
  if (typeof value !== 'string' || typeof currency !== 'string' || typeof displayName !== 'string')
    throw invalid('lacks what was shown');
  if (payeeName !== name || payeeOrigin !== origin) throw invalid('was shown another payee than the policy’s');
  if (!displayName.startsWith(paymentTo(destination))) throw invalid('was shown another destination');
  if (!isAmount(value, amount) || !displayName.slice(paymentTo(destination).length).startsWith(`${value} `))
    throw invalid('was shown another amount');
  const payee = payeeOrigin === undefined ? said(payeeName) : `${said(payeeName)} (${said(payeeOrigin)})`;
  return `its browser showed the payment itself: ${shown(currency)} ${shown(value)}, payee ${payee}, ${shown(displayName, textMost)}`;
}

/** An address has 128 characters at most, two amounts with their symbols as many. */
const textMost = 400;

/** Base units divided by some power of ten: which, the policy's asset says. */
function isAmount(value: string, amount: bigint): boolean {
  const [, whole = '', fraction = ''] = /^([0-9]{1,128})(?:\.([0-9]{1,128}))?$/.exec(value) ?? [];
  const significant = (digits: string): string => digits.replace(/^0+|0+$/g, '');
  return significant(whole + fraction) === significant(String(amount));
}

const said = (value: unknown): string => shown(typeof value === 'string' ? value : String(JSON.stringify(value)));

function membersOf(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return { ...value };
  throw invalid('lacks what was shown');
}

function invalid(message: string): ReceiptError {
  return new ReceiptError('evidence-invalid', `a payment that a browser showed ${message}`);
}
