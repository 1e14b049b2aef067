import type { Signature, SignEthereum } from '../protocol.ts';
import { DeviceFailure, failureOf } from './failure.ts';
import { ethereumApp, type Handle } from './library.ts';
import type { EthereumPath } from './path.ts';

/** v, r, s and the status word 9000. */
const answerLength = 1 + 32 + 32 + 2;

/**
 * Has a transaction reviewed and signed on the device. Exactly 65 bytes come back, or a DeviceFailure: hw-app-eth turns a bare
 * 9000 ("send more") into `{v: '90', r: '00', s: ''}`, and fills a signature that is one byte short with a byte of the status
 * word. So the raw answer counts, not what the library makes of it.
 */
export async function sign(
  handle: Handle,
  path: EthereumPath,
  { unsigned, tokenDescriptors }: SignEthereum,
): Promise<Signature> {
  const watched = new SignatureWatch(handle);
  try {
    await ethereumApp(watched.handle).signTransaction(path.slice('m/'.length), unsigned, {
      erc20Tokens: tokenDescriptors,
      nfts: [],
      externalPlugin: [],
      plugin: [],
      domains: [],
    });
    const answer = watched.answer ?? new Uint8Array(0);
    if (answer.length !== answerLength) throw wrong(answer);
    return { result: 'signature', signature: Buffer.from(answer.subarray(0, 65)).toString('hex') };
  } catch (error) {
    // Its last answer was taken for a success, so whatever failed, failed over what it said.
    if (watched.answer !== undefined) throw error instanceof DeviceFailure ? error : wrong(watched.answer);
    throw failureOf(error, watched.sent ? 'signing' : 'preparing');
  } finally {
    watched.stop();
  }
}

function wrong(answer: Uint8Array): DeviceFailure {
  return new DeviceFailure(
    'signature-wrong',
    `the device answered ${answer.length} bytes, not a signature of 65 and 9000`,
  );
}

/** Sees which commands go through a handle: whether the transaction went out, and what the device said to it last. */
class SignatureWatch {
  readonly handle: Handle;
  readonly #exchange: Handle['exchange'];
  /** Whether a byte of the transaction has been sent. */
  sent = false;
  /** The answer to the last part of the transaction, if it came and wasn't a refusal. */
  answer: Uint8Array | undefined;

  constructor(handle: Handle) {
    this.handle = handle;
    this.#exchange = handle.exchange;
    handle.exchange = async (apdu) => {
      const signing = apdu[0] === 0xe0 && apdu[1] === 0x04;
      if (signing) {
        this.sent = true;
        this.answer = undefined;
      }
      const answer = await this.#exchange.call(handle, apdu);
      if (signing && !isRefusal(answer)) this.answer = answer;
      return answer;
    };
  }

  stop(): void {
    this.handle.exchange = this.#exchange;
  }
}

function isRefusal(answer: Uint8Array): boolean {
  const word = answer.subarray(-2);
  return word.length === 2 && !(word[0] === 0x90 && word[1] === 0x00);
}
