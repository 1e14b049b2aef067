import {
  digestOf,
  parseIntent,
  Refusal,
  type UnsignedTransaction,
  type Wallet,
  type WithdrawalIntent,
} from '../../domain/index.ts';
import { parseWallet } from '../../gate/policy/wallets.ts';
import { type Leaf, parseLeaf } from '../../journal/leaf.ts';
import type { ReceiptDocument, ReceiptTransaction } from '../../journal/receipt-document.ts';
import { ReceiptError } from '../../journal/receipt-error.ts';
import { chainOf } from '../chain.ts';
import { parseYaml } from '../yaml.ts';

const utf8 = new TextEncoder();

/**
 * What the bytes in a receipt do, read by the chain's decoder and not by the log's word: each version pays the withdrawal's amount to its
 * destination, and as many payments as it was permitted for; and what was released is that version, signed by the keys that the policy
 * of its permit pins for the wallet. A sentence each. The receipt was verified before. Throws `ReceiptError`.
 */
export function saidByBytes(receipt: ReceiptDocument): string[] {
  const { intent } = parseIntent(utf8.encode(receipt.intent), 'portcullis/withdrawal/v1');
  const policies = new Map(receipt.policies.map((document) => [digestOf(utf8.encode(document)) as string, document]));
  const permits = receipt.leaves
    .map(({ leaf }) => parseLeaf(utf8.encode(leaf)))
    .filter(({ kind }) => kind === 'transaction-permitted');
  return receipt.transactions.flatMap((transaction) => {
    const permit = permits.find(({ fields }) => fields['transaction'] === transaction.id);
    const policy = policies.get(permit?.fields['policy'] ?? '');
    if (permit === undefined || policy === undefined)
      throw differs(`the policy that transaction ${transaction.id} was permitted under is not in the receipt`);
    try {
      return said(transaction, permit, intent, walletOf(policy, transaction.wallet));
    } catch (error) {
      // `Malformed` among them: the wallet's entry in the policy.
      if (error instanceof Refusal) throw differs(`transaction ${transaction.id} cannot be read: ${error.message}`);
      throw error;
    }
  });
}

function said(
  { id, unsigned, psbt, signed }: ReceiptTransaction,
  permit: Leaf,
  { asset, amount, destination }: WithdrawalIntent,
  wallet: Wallet,
): string[] {
  const chain = chainOf(wallet.chain, 'wallet');
  const transaction: UnsignedTransaction = { unsigned: fromHex(unsigned), psbt: psbt === '' ? null : fromBase64(psbt) };
  const { payments, anchors } = chain.effectsOf(transaction, wallet);
  const pays = payments.some((to) => to.asset === asset && to.amount === amount && to.destination === destination);
  if (!pays) throw differs(`transaction ${id} does not pay ${amount} of ${asset} to ${destination}`);
  const { anchor = '', withdrawals = '' } = permit.fields;
  const count = withdrawals.split(' ').length;
  if (payments.length !== count || !anchors.includes(anchor))
    throw differs(`transaction ${id} is not one of ${count} payment(s) on ${anchor}`);
  const decoded = `Decoded again, transaction ${id} pays ${amount} of ${asset} to ${destination}, ${
    count === 1 ? 'and nobody else' : `and ${count - 1} withdrawal(s) beside`
  }.`;
  if (signed === '') return [decoded];
  const released = chain.released(transaction, fromHex(signed), wallet);
  if (!released.ok) throw differs(`the signed bytes of ${id} are not that transaction’s: ${released.fault}`);
  return [
    decoded,
    `What was released is exactly that transaction, signed by the keys of wallet ${wallet.id} that the policy pins (${wallet.address}). On ${wallet.chain} it is ${released.hash}.`,
  ];
}

/** The one entry alone: what else stands in the policy of then may be what no station takes any more. */
function walletOf(document: string, id: string): Wallet {
  const policy = parseYaml(document, 'policy');
  const entries: unknown = typeof policy === 'object' && policy !== null && 'wallets' in policy ? policy.wallets : [];
  const entry = (Array.isArray(entries) ? entries : []).find((item: unknown) => isNamed(item, id));
  if (entry === undefined) throw differs(`the policy has no wallet ${id}`);
  return parseWallet(entry, 'policy.wallets').wallet;
}

function isNamed(entry: unknown, id: string): boolean {
  return typeof entry === 'object' && entry !== null && 'id' in entry && entry.id === id;
}

const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const fromBase64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));

function differs(message: string): ReceiptError {
  return new ReceiptError('transaction-differs', message);
}
