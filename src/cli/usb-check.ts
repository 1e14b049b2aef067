import type { SeenDevice } from '../usb-survey.ts';
import type { Diagnosis } from './diagnosis.ts';

/** Which Ledgers are on USB, by the name that they are opened by. */
export type Survey = () => Promise<readonly SeenDevice[]>;

/** What is connected, whichever wallet it is for: which isn't permitted, and which app each has open. @param needed by a wallet */
export async function* checkUsb(survey: Survey, needed: boolean): AsyncGenerator<Diagnosis> {
  let devices: readonly SeenDevice[];
  try {
    devices = await survey();
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    yield { what: 'USB', found, mend: 'Look whether npm ci ran on this machine, and whether libudev is there.' };
    return;
  }
  if (devices.length === 0) {
    const mend = 'Connect one and unlock it. If it is connected, try another cable: some only charge.';
    yield { what: 'USB', found: 'no Ledger is connected', mend: needed ? mend : undefined };
  }
  for (const device of devices) {
    const what = `USB ${device.at}`;
    const product = device.product === '' ? 'a Ledger' : device.product;
    if (!('failed' in device)) yield { what, found: `${product}, ${open(device.app)} ${device.version}` };
    else {
      const { reason, message } = device.failed;
      yield { what, found: `${product}: ${reason}: ${message}`, mend: mends.get(reason) ?? replug };
    }
  }
}

/** The dashboard gives its own name. */
function open(app: string): string {
  return app === 'BOLOS' ? 'no app open, dashboard' : `the app ${app} open,`;
}

const replug = 'Unplug it, connect it again and unlock it.';

const mends: ReadonlyMap<string, string> = new Map([
  [
    'device-missing',
    'Install deploy/udev/70-portcullis-ledger.rules, put the station’s user into its group, reconnect.',
  ],
  ['device-locked', 'Unlock it with its PIN.'],
  ['device-busy', 'Close other wallet software, and decide on what it shows.'],
]);
