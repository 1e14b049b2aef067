// First: what follows expects Buffer.
import './globals.ts';
import { auditReceipt } from '../../src/custody/audit/receipt.ts';

// The page that verifies a dropped receipt. All that a receipt says goes into it as text.

const at = (id) => globalThis.document?.getElementById(id);
const [key, file, drop, verdict, why, list, limits] = ['key', 'file', 'drop', 'verdict', 'why', 'list', 'limits'].map(
  at,
);
const receiptBytesMost = 16 * 1024 * 1024;
let dropped;

/** Also what node tests it by. */
export function judge(bytes, logKey) {
  if (bytes.length > receiptBytesMost)
    return { proven: false, reason: 'receipt-malformed', message: 'it is larger than a receipt can be' };
  try {
    return auditReceipt(bytes, logKey);
  } catch (error) {
    return { proven: false, reason: 'receipt-malformed', message: `it cannot be read: ${error}` };
  }
}

/** Control characters and those that turn text around would let a receipt draw something else than it says. */
const plain = (text) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);

function show() {
  list.replaceChildren();
  why.textContent = '';
  limits.hidden = true;
  verdict.className = '';
  const logKey = key.value.trim();
  if (dropped === undefined) verdict.textContent = 'No receipt yet.';
  else if (logKey === '') {
    verdict.textContent = `Nothing is proven: give the log’s key, from somewhere else than ${plain(dropped.name)}.`;
  } else {
    const result = judge(dropped.bytes, logKey);
    verdict.className = result.proven ? 'proven' : 'refused';
    limits.hidden = !result.proven;
    verdict.textContent = result.proven
      ? `${plain(dropped.name)} proves, to whoever trusts that key:`
      : `${plain(dropped.name)} proves nothing.`;
    why.textContent = result.proven ? '' : `${result.reason}: ${plain(result.message)}`;
    for (const sentence of result.proven ? result.sentences : []) {
      const item = document.createElement('li');
      item.textContent = plain(sentence);
      list.append(item);
    }
  }
}

async function take(files) {
  const [one] = files;
  if (one === undefined) return;
  dropped = { name: one.name, bytes: new Uint8Array(await one.arrayBuffer()) };
  show();
}

if (typeof document !== 'undefined') {
  key.addEventListener('input', show);
  file.addEventListener('change', () => take(file.files));
  for (const name of ['dragover', 'drop']) addEventListener(name, (event) => event.preventDefault());
  addEventListener('dragover', () => drop.classList.add('over'));
  addEventListener('dragleave', () => drop.classList.remove('over'));
  addEventListener('drop', (event) => {
    drop.classList.remove('over');
    take(event.dataTransfer.files);
  });
  show();
}
