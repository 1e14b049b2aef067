import { equalBytes } from '../../domain/canonical.ts';
import { toHex } from '../../domain/digest.ts';
import { encodeSignatures, type InputSignature } from '../../domain/signatures.ts';
import { declines, type Signatures, type SignBitcoin } from '../protocol.ts';
import { bitcoinClient, signWithDefaultPolicy, walletPolicy } from './bitcoin-library.ts';
import { DeviceFailure, failureOf } from './failure.ts';
import type { Handle } from './library.ts';

/**
 * Has a PSBT reviewed and signed on the device. What the device yields counts, not what the libraries make of it: hw-app-btc
 * drops the key that signed, and takes it from the PSBT. A bare 9000 is no signature.
 */
export async function signPsbt(handle: Handle, request: SignBitcoin): Promise<Signatures> {
  const watched = new YieldWatch(handle, walletPolicy(request.policy).getId());
  try {
    await ask(handle, request);
  } catch (error) {
    // Once the device had said that it is done, whatever failed, failed over what it said: that is for the daemon to judge.
    if (!watched.finished) throw failedOver(error, watched);
  } finally {
    watched.stop();
  }
  if (watched.yields.length === 0)
    throw new DeviceFailure('signature-wrong', 'the device answered without a signature');
  return { result: 'signatures', signatures: toHex(encodeSignatures(watched.yields.map(parseYield))) };
}

async function ask(handle: Handle, { app, path, policy, registration, psbt }: SignBitcoin): Promise<void> {
  const bytes = Buffer.from(psbt, 'base64');
  if (policy.name === '') await signWithDefaultPolicy(handle, { app, path, template: policy.template, psbt: bytes });
  else await bitcoinClient(handle).signPsbt(bytes, walletPolicy(policy), Buffer.from(registration, 'hex'));
}

function failedOver(error: unknown, { sent, yields }: YieldWatch): DeviceFailure {
  const failure = failureOf(error, sent ? 'signing' : 'preparing');
  // A no after a signature is no clear no.
  if (yields.length === 0 || !declines.has(failure.reason)) return failure;
  return new DeviceFailure('device-lost', `after ${yields.length} signature(s): ${failure.message}`);
}

/** index as Bitcoin's compact size ‖ length of the key ‖ key [‖ leaf hash] ‖ signature */
function parseYield(bytes: Uint8Array): InputSignature {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [first = 0xff] = bytes;
  const wide = first === 0xfd && bytes.length > 3;
  const input = wide ? view.getUint16(1, true) : first;
  const at = wide ? 3 : 1;
  const keyLength = bytes[at] ?? 0;
  const key = bytes.subarray(at + 1, at + 1 + keyLength);
  const signature = bytes.subarray(at + 1 + keyLength);
  // More inputs than 65535 no app takes; a key of 64 bytes would be one of a leaf's, which no wallet here has.
  if (
    (first > 0xfc && !wide) ||
    (keyLength !== 32 && keyLength !== 33) ||
    signature.length < 1 ||
    signature.length > 73
  ) {
    throw new DeviceFailure('signature-wrong', `the device yielded ${bytes.length} bytes that are no signature`);
  }
  return { input, key, signature };
}

/**
 * hw-app-btc takes account and script from the PSBT, not from the wallet: what it asks for must be this wallet's (S6). The
 * command ends with the policy's id and its HMAC, 32 bytes each.
 */
function requirePolicy(apdu: Uint8Array, id: Uint8Array): void {
  if (!equalBytes(apdu.subarray(-64, -32), id)) {
    throw new DeviceFailure(
      'device-cannot-show',
      'the PSBT is of another account than the wallet’s (nothing was sent)',
    );
  }
}

const signIns = 0x04;
const yieldCommand = 0x10;

/** Sees which commands go through a handle: whether the PSBT went out, and what the device yielded for it. */
class YieldWatch {
  readonly #handle: Handle;
  readonly #exchange: Handle['exchange'];
  /** Whether a byte of the transaction has been sent. */
  sent = false;
  /** Whether the device said that it is done. */
  finished = false;
  readonly yields: Uint8Array[] = [];

  constructor(handle: Handle, policyId: Uint8Array) {
    this.#handle = handle;
    this.#exchange = handle.exchange;
    handle.exchange = async (apdu) => {
      // Before it, hw-app-btc asks for fingerprint and key. What follows it are the answers to the device's own questions.
      if (apdu[0] === 0xe1 && apdu[1] === signIns) {
        requirePolicy(apdu, policyId);
        this.sent = true;
      }
      const answer = await this.#exchange.call(handle, apdu);
      if (this.sent) this.#see(answer);
      return answer;
    };
  }

  stop(): void {
    this.#handle.exchange = this.#exchange;
  }

  #see(answer: Uint8Array): void {
    const word = Buffer.from(answer.subarray(-2)).toString('hex');
    if (word === '9000') this.finished = true;
    if (word === 'e000' && answer[0] === yieldCommand) this.yields.push(Uint8Array.from(answer.subarray(1, -2)));
  }
}
