import type { Apdu } from '../../os/apdu.ts';
import type { App, Os } from '../../os/app.ts';
import { hardened } from '../../os/seed.ts';
import { answer, nothing, StatusError, status } from '../../os/status.ts';
import type { Home } from '../../os/ui.ts';
import { BlindSigningOff } from './blind-signing.ts';
import { getConfiguration } from './configuration.ts';
import { Context } from './context.ts';
import { home } from './home.ts';
import { provideToken } from './provide-token.ts';
import { getPublicKey } from './public-key.ts';
import { freshSettings } from './settings.ts';
import { signMessage } from './sign-message.ts';
import { signTransaction } from './sign-transaction.ts';
import { defineStruct, implementStruct, signTypedData } from './typed-data-commands.ts';

/** The Ethereum app 1.22.0, class E0: an instruction a file. */
export class EthereumApp implements App {
  readonly name = 'Ethereum';
  readonly version = '1.22.0';
  readonly flags = 0;
  readonly paths = [[44 + hardened, 60 + hardened], [44 + hardened, 1 + hardened], [45 + hardened]];
  readonly busy = false;
  readonly #os: Os;
  /** Kept in the device's memory: they outlive the app's being closed. */
  readonly #settings = freshSettings();
  #context: Context;

  constructor(os: Os) {
    this.#os = os;
    this.#context = this.#newContext();
  }

  get corrupted(): boolean {
    return this.#context.corrupted;
  }

  start(): void {
    this.#context = this.#newContext();
    this.#context.idle();
  }

  handle(apdu: Apdu): Uint8Array | undefined {
    try {
      return this.#dispatch(apdu);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      this.#context.reset();
      if (error instanceof BlindSigningOff) this.#explainBlindSigning();
      return answer(nothing, error.word);
    }
  }

  /** The real answer carries stale bytes of the buffer: at first the command's own class and instruction. */
  malformed(bytes: Uint8Array): Uint8Array {
    return answer(bytes.slice(0, 2), status.wrongLength);
  }

  #newContext(): Context {
    return new Context(this.#os, this.#settings, () => this.#os.ui.home(this.#home));
  }

  get #home(): Home {
    return home(this.#settings, this.version);
  }

  #explainBlindSigning(): void {
    this.#os.ui.explain({
      ...BlindSigningOff.words,
      onRemedy: () => this.#os.ui.settings(this.#home),
      onLeave: this.#context.idle,
    });
  }

  #dispatch(apdu: Apdu): Uint8Array | undefined {
    if (apdu.cla !== 0xe0) throw new StatusError(status.unknownClass, `class ${apdu.cla.toString(16)}`);
    switch (apdu.ins) {
      case 0x02:
        return getPublicKey(this.#context, apdu);
      case 0x04:
        return signTransaction(this.#context, apdu);
      case 0x06:
        return getConfiguration(this.#context, this.version);
      case 0x08:
        return signMessage(this.#context, apdu);
      case 0x0a:
        return provideToken(this.#context, apdu);
      case 0x0c:
        return signTypedData(this.#context, apdu);
      case 0x1a:
        return defineStruct(this.#context, apdu);
      case 0x1c:
        return implementStruct(this.#context, apdu);
      default:
        throw new StatusError(status.unknownInstruction, `instruction ${apdu.ins.toString(16)}`);
    }
  }
}
