import { type AppWord, installed } from './apps/installed.ts';
import { Device } from './os/device.ts';
import type { Model } from './os/model.ts';
import { Automation } from './speculos/automation.ts';
import { createButtonServer } from './speculos/button-port.ts';
import { EventLog } from './speculos/events.ts';
import { host, openPort, type Port } from './speculos/port.ts';
import { RestApi } from './speculos/rest.ts';
import { createApduServer } from './speculos/tcp.ts';

export interface EmulatorOptions {
  readonly model: Model;
  /** The app that is open at start; Ethereum where absent. All are installed. */
  readonly app?: AppWord;
  /** Speculos' REST port; 0 chooses a free one. */
  readonly apiPort: number;
  /** The raw APDU port; none where absent, 0 chooses a free one. */
  readonly apduPort?: number;
  /** The button port; none where absent, 0 chooses a free one. */
  readonly buttonPort?: number;
  /** BIP-39 words; Speculos' default seed where absent. */
  readonly seed?: string;
  /** Rules in Speculos' automation format, parsed JSON. */
  readonly automation?: unknown;
}

/** How it was over: closed by its owner, ended by an automation rule, or crashed as the real app does. */
export type End = 'closed' | 'exited' | 'crashed';

export interface Emulator {
  /** Such as `http://127.0.0.1:5000`, without a slash at its end. */
  readonly apiUrl: string;
  readonly apduPort?: number;
  readonly buttonPort?: number;
  readonly ended: Promise<End>;
  close(): Promise<void>;
}

/**
 * Starts an emulated Ledger with one of its apps open. It listens on the loopback interface only.
 * Rejects where a port is taken, a seed isn't BIP-39 words, or a rule is malformed.
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const { model, app = 'ethereum', seed, apduPort, buttonPort } = options;
  const open = Object.keys(installed).indexOf(app);
  const device = new Device({ model, apps: Object.values(installed), open, ...(seed === undefined ? {} : { seed }) });
  const automation = new Automation(device, () => void stop('exited'));
  if (options.automation !== undefined) automation.load(options.automation);
  const rest = new RestApi(device, new EventLog(device.screen), automation);

  const ports: Port[] = [];
  const over = Promise.withResolvers<End>();
  const stop = async (how: End): Promise<void> => {
    device.close();
    await Promise.all(ports.map((port) => port.close()));
    over.resolve(how);
  };
  device.listen({ reply: () => undefined, unplugged: () => undefined, crashed: () => void stop('crashed') });

  const listen = async (server: Parameters<typeof openPort>[0], number: number): Promise<number> => {
    const port = await openPort(server, number);
    ports.push(port);
    return port.number;
  };
  try {
    return {
      apiUrl: `http://${host}:${await listen(rest.server, options.apiPort)}`,
      ...(apduPort === undefined ? {} : { apduPort: await listen(createApduServer(device), apduPort) }),
      ...(buttonPort === undefined ? {} : { buttonPort: await listen(createButtonServer(device), buttonPort) }),
      ended: over.promise,
      close: () => stop('closed'),
    };
  } catch (error) {
    await stop('closed');
    throw error;
  }
}
