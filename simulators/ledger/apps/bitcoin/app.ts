import type { Apdu } from '../../os/apdu.ts';
import type { App, Os } from '../../os/app.ts';
import { hardened } from '../../os/seed.ts';
import { answer, nothing, StatusError, status } from '../../os/status.ts';
import { getAddress } from './address.ts';
import type { Command, Context } from './context.ts';
import { getExtendedKey } from './extended-key.ts';
import { getFingerprint } from './fingerprint.ts';
import { showHome } from './home.ts';
import { CommandLost, Host } from './host.ts';
import type { Network } from './network.ts';
import { Reader } from './reader.ts';
import { registerPolicy } from './register.ts';
import { Reviews } from './review.ts';
import { signMessage } from './sign-message.ts';
import { signPsbt } from './signing/sign-psbt.ts';

const commands: Readonly<Record<number, Command>> = {
  0: getExtendedKey,
  2: registerPolicy,
  3: getAddress,
  4: signPsbt,
  5: getFingerprint,
  16: signMessage,
};

/** Protocol version 1, in P2; 0 is understood too. */
const protocolVersion = 1;

/** The Bitcoin app 2.4.6 (class E1) of either network: an instruction a file, each an asynchronous function. */
export class BitcoinApp implements App {
  readonly name: string;
  readonly version = '2.4.6';
  readonly flags = 0;
  readonly paths: App['paths'];
  readonly corrupted = false;
  readonly #os: Os;
  readonly #network: Network;
  #context: Context;

  constructor(os: Os, network: Network) {
    this.#os = os;
    this.#network = network;
    this.name = network.name;
    // Any purpose of the app's coin, Electrum's own path, BIP-45's.
    this.paths = [['*', network.coinType + hardened], [4_541_509 + hardened], [45 + hardened]];
    this.#context = this.#newContext();
  }

  get busy(): boolean {
    return this.#context.reviews.pending;
  }

  start(): void {
    this.#context.host.lose();
    this.#context = this.#newContext();
    this.#home();
  }

  handle(apdu: Apdu): Uint8Array | undefined {
    const { host } = this.#context;
    const isContinue = apdu.cla === 0xf8 && apdu.ins === 0x01;
    if (host.due) {
      if (isContinue) {
        host.continue(apdu.data);
        return undefined;
      }
      host.lose();
      return answer(nothing, status.incorrectData);
    }
    if (apdu.p2 > protocolVersion) return answer(nothing, status.unsupportedParameters);
    if (isContinue) return answer(nothing, status.badState);
    if (apdu.cla !== 0xe1) return answer(nothing, status.unknownClass);
    const command = commands[apdu.ins];
    if (command === undefined) return answer(nothing, status.unknownInstruction);
    void this.#run(command, apdu.data);
    return undefined;
  }

  malformed(): Uint8Array {
    this.#context.host.lose();
    return answer(nothing, status.wrongLength);
  }

  async #run(command: Command, data: Uint8Array): Promise<void> {
    const context = this.#context;
    try {
      const result = await command(context, new Reader(data, (why) => new StatusError(status.wrongLength, why)));
      if ('signature' in result) this.#os.replySignature(result.signature);
      else this.#os.reply(answer(result));
    } catch (error) {
      if (error instanceof StatusError) this.#os.reply(answer(error.data, error.word));
      else if (!(error instanceof CommandLost)) throw error;
    }
    context.reviews.over();
  }

  #newContext(): Context {
    const os = this.#os;
    return { os, network: this.#network, host: new Host(os), reviews: new Reviews(os, this.#home) };
  }

  readonly #home = (): void => showHome(this.#os, this.#network.title, this.version);
}
