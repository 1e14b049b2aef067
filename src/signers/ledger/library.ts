import { createRequire } from 'node:module';
import { parseSpeculosUrl, type Transport } from './transport.ts';

// The parts of Ledger's libraries that are used, and no more. They are CommonJS: their ES modules lack file endings, which
// Node refuses. Each is loaded when it is needed, so that a station without USB needs no USB library.

/** One open handle to a device (`@ledgerhq/hw-transport`). No call of it has a time limit. */
export interface Handle {
  /** Sends one APDU; rejects where the status word isn't 9000. The answer includes the status word. */
  send(cla: number, ins: number, p1: number, p2: number): Promise<Uint8Array>;
  /** What `send` and hw-app-eth go through. */
  exchange(apdu: Uint8Array): Promise<Uint8Array>;
  /** Waits for a pending exchange: only to be called on an idle handle. */
  close(): Promise<void>;
}

/** Where devices are found. */
export interface Bus {
  /** Names to open devices by. None is an identity: it changes with every app that is opened. */
  list(): Promise<readonly string[]>;
  open(name: string): Promise<Handle>;
  /** As its maker calls a device over USB, such as `Nano S Plus`. */
  product(name: string): string;
}

/** hw-app-eth. */
export interface EthereumApp {
  /** `path` without `m/`. With `display` a person compares the address on the screen, or refuses it. */
  getAddress(path: string, display?: boolean): Promise<{ readonly publicKey: string; readonly address: string }>;
  /** `rawTxHex` without 0x. Returns hex of any length: see `sign`. */
  signTransaction(
    path: string,
    rawTxHex: string,
    resolution: Resolution,
  ): Promise<{ readonly v: string; readonly r: string; readonly s: string }>;
}

/** What hw-app-eth would else fetch from Ledger's servers. */
export interface Resolution {
  readonly erc20Tokens: readonly string[];
  readonly nfts: readonly never[];
  readonly externalPlugin: readonly never[];
  readonly plugin: readonly never[];
  readonly domains: readonly never[];
}

const require = createRequire(import.meta.url);

/** No server for plug-ins, tokens, NFTs or signatures (I8). `sign` always passes a resolution besides, so that none is asked. */
const offline = { nftExplorerBaseURL: null, pluginBaseURL: null, cryptoassetsBaseURL: null, calServiceURL: null };

export function ethereumApp(handle: Handle): EthereumApp {
  const library: {
    readonly default: new (handle: Handle, scrambleKey: string, config: typeof offline) => EthereumApp;
  } = require('@ledgerhq/hw-app-eth');
  return new library.default(handle, 'w0w', offline);
}

export function openBus(transport: Transport): Bus {
  return transport.transport === 'hid' ? usbBus() : speculosBus(transport.url);
}

function usbBus(): Bus {
  const library: { readonly default: Omit<Bus, 'product'> } = require('@ledgerhq/hw-transport-node-hid');
  const usb = library.default;
  const { getDevices }: { getDevices(): readonly { readonly path?: string; readonly product?: string }[] } =
    createRequire(require.resolve('@ledgerhq/hw-transport-node-hid'))('@ledgerhq/hw-transport-node-hid-noevents');
  return {
    list: () => usb.list(),
    open: (name) => usb.open(name),
    product: (name) => getDevices().find(({ path }) => path === name)?.product ?? '',
  };
}

interface SpeculosHandle extends Handle {
  readonly eventStream: { removeAllListeners(event: 'data'): unknown; resume(): unknown };
}

function speculosBus(url: string): Bus {
  const { origin, port } = parseSpeculosUrl(url, 'url');
  const library: {
    readonly default: {
      open(options: { readonly baseURL: string; readonly apiPort: string }): Promise<SpeculosHandle>;
    };
  } = require('@ledgerhq/hw-transport-node-speculos-http');
  // The library's own axios makes its instances from these: nobody is to send it elsewhere (I8).
  const axios: { readonly defaults: { maxRedirects?: number } } = createRequire(
    require.resolve('@ledgerhq/hw-transport-node-speculos-http'),
  )('axios');
  axios.defaults.maxRedirects = 0;
  return {
    list: async () => [url],
    product: () => '',
    async open() {
      const handle = await library.default.open({ baseURL: origin, apiPort: port });
      // The library parses each chunk of the event stream as whole lines, and throws where one is cut. Nobody here reads it.
      handle.eventStream.removeAllListeners('data');
      handle.eventStream.resume();
      return handle;
    },
  };
}
