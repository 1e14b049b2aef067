import { bytesToHex } from '@noble/curves/utils.js';

const opReturn = 0x6a;
const pushData1 = 0x4c;
const negativeOne = 0x4f;
const one = 0x51;
const sixteen = 0x60;

/** Bitcoin Core relays 80 bytes of data; with the operations around them the app reads 83. */
const maxScript = 83;
const maxPushes = 5;

/**
 * How the app shows an output that carries data: `OP_RETURN` and up to five pushes, in hexadecimal or as small numbers.
 * Undefined for any other script: pushes that aren't the shortest possible, operations that don't push.
 */
export function opReturnText(script: Uint8Array): string | undefined {
  if (script[0] !== opReturn || script.length > maxScript) return undefined;
  const words = ['OP_RETURN'];
  for (let at = 1; at < script.length; ) {
    const push = words.length > maxPushes ? undefined : readPush(script.subarray(at));
    if (push === undefined) return undefined;
    words.push(push.text);
    at += push.length;
  }
  return words.join(' ');
}

function readPush(script: Uint8Array): { readonly text: string; readonly length: number } | undefined {
  const [operation = 0, size = 0] = script;
  if (operation === 0) return { text: '0', length: 1 };
  if (operation === negativeOne) return { text: '-1', length: 1 };
  if (operation >= one && operation <= sixteen) return { text: `${operation - one + 1}`, length: 1 };
  if (operation > pushData1 || (operation === pushData1 && size < pushData1)) return undefined;
  const head = operation === pushData1 ? 2 : 1;
  const length = head + (operation === pushData1 ? size : operation);
  const data = script.subarray(head, length);
  if (script.length < length || hasShorterPush(data)) return undefined;
  return { text: `0x${bytesToHex(data)}`, length };
}

/** BIP-62 rule 3: −1 and 1 to 16 have operations of their own. */
const hasShorterPush = ([first = 0, ...rest]: Uint8Array): boolean =>
  rest.length === 0 && (first === 0x81 || (first >= 1 && first <= 16));
