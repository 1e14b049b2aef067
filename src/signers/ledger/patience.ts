import { DeviceFailure } from './failure.ts';
import type { Handle } from './library.ts';

/** How long a device may take to say who it is, ms an answer: it takes some thousandths of that. */
const patience = 5_000;

/**
 * Runs `work` on a handle, and gives up where one answer does not come: a read of a USB device can't be taken back, so that one
 * silent device would else keep the search from all others. `work` is left behind; the handle is not to be used again.
 */
export function withPatience<T>(handle: Handle, work: (handle: Handle) => Promise<T>): Promise<T> {
  const exchange = handle.exchange;
  return new Promise<T>((resolve, reject) => {
    handle.exchange = async (apdu) => {
      const late = setTimeout(() => reject(new Silent()), patience);
      try {
        return await exchange.call(handle, apdu);
      } finally {
        clearTimeout(late);
      }
    };
    work(handle)
      .finally(() => {
        handle.exchange = exchange;
      })
      .then(resolve, reject);
  });
}

/** Its handle has an answer to wait for: closing it waits, too, perhaps for ever. */
export class Silent extends DeviceFailure {
  constructor() {
    super('device-timeout', 'a connected device does not answer');
  }
}
