import type {
  App,
  Configuration,
  Identify,
  Identity,
  Operation,
  ReadKey,
  Register,
  Result,
  SeenDevice,
  ShowAddress,
  Sign,
  Surveyed,
} from '../protocol.ts';
import { DeviceFailure, failureOf } from './failure.ts';
import { appAndVersion, checkPath, identify } from './identify.ts';
import { isPinned } from './identity.ts';
import { register, showAddress } from './introduce.ts';
import type { Bus, Handle } from './library.ts';
import { parseEthereumPath } from './path.ts';
import { Silent, withPatience } from './patience.ts';
import { sign } from './sign.ts';
import { signPsbt } from './sign-psbt.ts';

/** Which failure to tell of when several devices were asked and none had the key: the first here that any gave. */
const mostTelling = ['device-locked', 'device-timeout', 'device-busy', 'signer-failed', 'device-missing'] as const;

/** What goes to the device that was found before. */
type Request = Sign | Register | ShowAddress;

/** The child's side of Ledger devices: finds the one that holds a key, and has it sign. One call at a time. */
export class LedgerBackend {
  readonly #bus: Bus;
  /** The device that the last `identify` found. Kept open, so that `sign` can't reach another one. */
  #found: { readonly handle: Handle; readonly app: App; readonly path: string } | undefined;
  /** Where each key was seen last: asked first, so that others are left alone. */
  readonly #places = new Map<string, string>();
  /** Devices that owe an answer still. */
  readonly #silent = new Set<string>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** Throws DeviceFailure. */
  perform(request: Exclude<Operation, Configuration>): Promise<Result> {
    switch (request.op) {
      case 'identify':
        return this.#identify(request);
      case 'survey':
        return this.#survey();
      case 'read-key':
        return this.#readKey(request);
      default:
        return this.#ask(request);
    }
  }

  async #identify(pinned: Identify): Promise<Identity> {
    const { app, path } = pinned;
    const { failures, others } = await this.#search(pinned, (handle, identity) => {
      if (!isPinned(identity, pinned)) return false;
      this.#places.set(placeOf(pinned), identity.at);
      this.#found = { handle, app, path };
      return true;
    });
    const [own] = others.filter((identity) => isPinned(identity, pinned));
    return own ?? fallback(failures, others);
  }

  async #readKey(asked: ReadKey): Promise<Identity> {
    const { app } = asked;
    const { failures, others } = await this.#search(asked, () => false);
    const [key, second] = others.filter((identity) => identity.key !== undefined);
    if (second !== undefined) {
      throw new DeviceFailure('device-foreign', `more than one connected device has the app ${app} open`);
    }
    return key ?? fallback(failures, others);
  }

  async #survey(): Promise<Surveyed> {
    await this.#release();
    const devices: SeenDevice[] = [];
    for (const name of await this.#list('')) {
      const seen = {
        at: name,
        product: this.#bus
          .product(name)
          .replace(/[^\x20-\x7e]/g, '?')
          .slice(0, 64),
      };
      try {
        const handle = await this.#bus.open(name);
        await this.#visit(name, handle, async () => {
          const { name: app, version } = await withPatience(handle, () => appAndVersion(handle));
          devices.push({ ...seen, app, version });
          return false;
        });
      } catch (error) {
        const { reason, message } = failureOf(error, 'identifying');
        devices.push({ ...seen, failed: { reason, message } });
      }
    }
    return { result: 'surveyed', devices };
  }

  async #ask(request: Request): Promise<Result> {
    const found = this.#found;
    if (found === undefined || found.path !== request.path || found.app !== request.app) {
      throw new DeviceFailure('device-missing', 'no device has been found to hold this key');
    }
    try {
      return await perform(found.handle, request);
    } finally {
      await this.#release();
    }
  }

  /** Asks each device who it is, until one is kept open. */
  async #search(
    asked: Identify | ReadKey,
    keep: (handle: Handle, identity: Identity) => boolean,
  ): Promise<{ readonly failures: readonly DeviceFailure[]; readonly others: readonly Identity[] }> {
    await this.#release();
    const { app, path, skip } = asked;
    checkPath(app, path);
    const failures: DeviceFailure[] = [];
    const others: Identity[] = [];
    for (const name of await this.#list(placeOf(asked))) {
      try {
        if (skip.includes(name)) throw reviewing;
        if (this.#silent.has(name)) throw new Silent();
        const handle = await this.#bus.open(name);
        const kept = await this.#visit(name, handle, async () => {
          const identity = await withPatience(handle, () => identify(handle, name, app, path));
          others.push(identity);
          return keep(handle, identity);
        });
        if (kept) break;
      } catch (error) {
        failures.push(failureOf(error, 'identifying'));
      }
    }
    return { failures, others };
  }

  /** Closes the device unless `work` keeps it; one that owes an answer, once it gave it or was unplugged. */
  async #visit(name: string, handle: Handle, work: () => Promise<boolean>): Promise<boolean> {
    let kept = false;
    let silent = false;
    try {
      kept = await work();
    } catch (error) {
      silent = error instanceof Silent;
      throw error;
    } finally {
      if (silent) {
        this.#silent.add(name);
        void close(handle).then(() => this.#silent.delete(name));
      } else if (!kept) await close(handle);
    }
    return kept;
  }

  /** The one that had the key last, before all others. */
  async #list(key: string): Promise<readonly string[]> {
    try {
      const names = await this.#bus.list();
      const first = this.#places.get(key);
      return [...names].sort((a, b) => Number(b === first) - Number(a === first));
    } catch (error) {
      throw failureOf(error, 'preparing');
    }
  }

  async #release(): Promise<void> {
    const found = this.#found;
    this.#found = undefined;
    if (found !== undefined) await close(found.handle);
  }
}

function perform(handle: Handle, request: Request): Promise<Result> {
  switch (request.op) {
    case 'register':
      return register(handle, request);
    case 'show-address':
      return showAddress(handle, request);
    case 'sign':
      if (request.app !== 'Ethereum') return signPsbt(handle, request);
      return sign(handle, parseEthereumPath(request.path, 'path'), request);
  }
}

const reviewing = new DeviceFailure('device-busy', 'on a connected device a person decides something else');

/** What is looked for, as a key. */
function placeOf({ app, path }: Identify | ReadKey): string {
  return `${app} ${path}`;
}

/** Idle, as every call on it has ended. Where it was unplugged meanwhile, closing it fails, and that is all the same. */
async function close(handle: Handle): Promise<void> {
  await handle.close().catch(() => undefined);
}

/** No device has the key: the answer that tells a person most about the one that might have. */
function fallback(failures: readonly DeviceFailure[], others: readonly Identity[]): Identity {
  const failure = mostTelling.flatMap((reason) => failures.filter((one) => one.reason === reason))[0] ?? failures[0];
  const wrongApp = others.find(({ key }) => key === undefined);
  if (failure?.reason === 'device-locked') throw failure;
  const identity = wrongApp ?? (failure === undefined ? others[0] : undefined);
  if (identity !== undefined) return identity;
  throw failure ?? new DeviceFailure('device-missing', 'no Ledger is connected');
}
