import { endProcess } from '../serve.ts';
import { failureOf, isLostSession, TokenFailure } from './failure.ts';
import { type Handle, initialize, type Library, loadModule, type Module } from './library.ts';
import type { Configure, Token, TokenName } from './protocol.ts';

/** A session with the configured token, logged in; and what was found in it, by CKA_ID. */
export interface Session {
  readonly library: Library;
  readonly module: Module;
  readonly slot: Handle;
  readonly handle: Handle;
  readonly token: Token;
  /** Private keys that were looked at and are fit to sign, by CKA_ID and the public key that they were held to. */
  readonly keys: Map<string, Handle>;
}

/**
 * The one session that a child has with its token: opened when it is first needed, kept with its handles, and opened anew, once,
 * where the device dropped it.
 */
export class Sessions {
  readonly #configure: Configure;
  #loaded: { readonly library: Library; readonly module: Module } | undefined;
  #initialized = false;
  #open: Session | undefined;
  /** Why the PIN is not tried again: a token locks itself after a few wrong ones (F4). */
  #refused: TokenFailure | undefined;

  constructor(configure: Configure) {
    this.#configure = configure;
  }

  /** Runs `work` in the session. Throws `TokenFailure`. */
  with<T>(what: string, work: (session: Session) => T): T {
    const known = this.#open;
    try {
      return work(this.#session());
    } catch (error) {
      // A fresh session would have failed for another reason than having been left alone.
      if (known === undefined || !isLostSession(error)) throw this.#failure(error, what);
    }
    try {
      this.#leave();
      return work(this.#session());
    } catch (error) {
      throw this.#failure(error, what);
    }
  }

  #failure(error: unknown, what: string): TokenFailure {
    const failure = failureOf(error, what);
    if (isLostSession(error) || failure.reason === 'device-missing') {
      this.#leave();
      this.#finalize();
    }
    // What a module lost count of, the end of its process gives back: this one ends when it has answered (F4).
    if (failure.exhausted) setImmediate(endProcess);
    return failure;
  }

  /** Many modules look for tokens, and for the network's other end, only when they are initialized (PKCS#11 2.40, §5.4). */
  #finalize(): void {
    const loaded = this.#loaded;
    if (loaded === undefined || !this.#initialized) return;
    this.#initialized = false;
    quietly(() => loaded.module.C_Finalize());
  }

  #session(): Session {
    if (this.#refused !== undefined) throw this.#refused;
    this.#loaded ??= loadModule(this.#configure.module);
    if (!this.#initialized) initialize(this.#loaded.library, this.#loaded.module);
    this.#initialized = true;
    this.#open ??= this.#begin(this.#loaded.library, this.#loaded.module);
    return this.#open;
  }

  #begin(library: Library, module: Module): Session {
    const { slot, token } = findToken(library, module, this.#configure.token);
    const { CKF_SERIAL_SESSION, CKF_RW_SESSION } = library;
    const handle = opened(() => module.C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION));
    try {
      this.#login(library, module, slot, handle);
    } catch (error) {
      // A refused PIN is told before anything else is asked of the module, which might not live through it (F4).
      if (this.#refused === undefined) quietly(() => module.C_CloseSession(handle));
      throw error;
    }
    return { library, module, slot, handle, token, keys: new Map() };
  }

  #login(library: Library, module: Module, slot: Handle, session: Handle): void {
    const { flags } = module.C_GetTokenInfo(slot);
    const has = (flag: number): boolean => (flags & flag) !== 0;
    if (has(library.CKF_USER_PIN_LOCKED)) throw this.#refuse('hsm-pin-locked', 'the token’s PIN is locked');
    if (has(library.CKF_USER_PIN_FINAL_TRY))
      throw this.#refuse('hsm-pin-refused', 'one more wrong PIN locks the token: it is not tried');
    try {
      module.C_Login(session, library.CKU_USER, this.#configure.pin);
    } catch (error) {
      if (error instanceof Error && error.message === 'CKR_USER_ALREADY_LOGGED_IN') return;
      const failure = failureOf(error, 'logging in');
      if (failure.reason !== 'hsm-pin-refused' && failure.reason !== 'hsm-pin-locked') throw failure;
      throw this.#refuse(failure.reason, failure.message);
    }
  }

  #refuse(reason: 'hsm-pin-locked' | 'hsm-pin-refused', message: string): TokenFailure {
    this.#refused = new TokenFailure(reason, message);
    return this.#refused;
  }

  #leave(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) quietly(() => open.module.C_CloseSession(open.handle));
  }
}

/** As CK_TOKEN_INFO has them (PKCS#11 2.40, §3.2): the maximum may be infinite, either may be untold. */
export function sessionsOf({
  sessionCount,
  maxSessionCount,
}: Pick<ReturnType<Module['C_GetTokenInfo']>, 'sessionCount' | 'maxSessionCount'>): string {
  const told: string[] = [];
  if (isTold(sessionCount)) told.push(`${sessionCount} open`);
  if (maxSessionCount === 0) told.push('no limit');
  else if (isTold(maxSessionCount)) told.push(`at most ${maxSessionCount}`);
  return told.length === 0 ? 'not told' : told.join(', ');
}

/** CK_UNAVAILABLE_INFORMATION is the largest CK_ULONG, of 32 bits or 64. */
function isTold(count: number): boolean {
  return count >= 0 && count < 0xffff_ffff;
}

/** Of a session that may be gone already. */
function quietly(close: () => void): void {
  try {
    close();
  } catch {
    // It was closed from the other side.
  }
}

function opened(open: () => Handle): Handle {
  try {
    return open();
  } catch (error) {
    throw failureOf(error, 'opening a session');
  }
}

/** By its name, on whatever slot it is now. */
function findToken(
  library: Library,
  module: Module,
  name: TokenName,
): { readonly slot: Handle; readonly token: Token } {
  const info = module.C_GetInfo();
  const found: { slot: Handle; token: Token }[] = [];
  for (const slot of module.C_GetSlotList(true)) {
    const about = tokenInfo(library, module, slot);
    if (about === undefined) continue;
    const [label, serial] = [plain(about.label), plain(about.serialNumber)];
    if ((name.by === 'label' ? label : serial) !== name.value) continue;
    const maker = `${plain(info.manufacturerID)} module ${versionText(info.libraryVersion)}`;
    const device = `${plain(about.model)} ${versionText(about.firmwareVersion)} (${maker})`;
    found.push({ slot, token: { device, label, serial } });
  }
  const [one, second] = found;
  if (one === undefined) throw new TokenFailure('device-missing', `no token has the ${name.by} ${name.value}`);
  if (second !== undefined)
    throw new TokenFailure(
      'hsm-key-unfit',
      `${found.length} tokens have the ${name.by} ${name.value}: name it by serial`,
    );
  return one;
}

/** Undefined of a slot whose token is gone by now, or was never set up. */
function tokenInfo(library: Library, module: Module, slot: Handle): ReturnType<Module['C_GetTokenInfo']> | undefined {
  try {
    const about = module.C_GetTokenInfo(slot);
    return (about.flags & library.CKF_TOKEN_INITIALIZED) === 0 ? undefined : about;
  } catch {
    return undefined;
  }
}

/** Padded with blanks, or ended by a zero, as modules have it; printable. */
function plain(text: string): string {
  return text
    .replace(/\0.*$/s, '')
    .trimEnd()
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 64);
}

function versionText({ major, minor }: { readonly major: number; readonly minor: number }): string {
  return `${major}.${minor}`;
}
