import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { reportLength } from './frames.ts';

const config = '/sys/kernel/config/usb_gadget';

/** A report each way of 64 bytes, of a vendor's own usage page: what every Ledger says of its first interface. */
const descriptor = '06a0ff0901a101090315002600ff75089540810809041500' + '2600ff750895409108c0';

/** What a Ledger says of itself over USB. */
export interface UsbIdentity {
  /** The model and, in the low byte, the open app's interfaces: another one after an app was opened. */
  readonly productId: number;
  readonly product: string;
}

/**
 * A USB device of the kernel's own making (configfs, usb_f_hid), in one of dummy_hcd's ports: to whoever looks from the host's
 * side it is a Ledger. Its serial number is the one that every Ledger has.
 */
export class Gadget {
  readonly #folder: string;
  readonly #port: number;

  /** `port`: 0 and up, of as many as dummy_hcd was loaded with. */
  constructor(port: number) {
    this.#port = port;
    this.#folder = `${config}/ledger${port}`;
    const english = 'strings/0x409';
    for (const folder of ['', english, 'configs/c.1', `configs/c.1/${english}`, 'functions/hid.usb0']) {
      mkdirSync(`${this.#folder}/${folder}`, { recursive: true });
    }
    this.#write('idVendor', '0x2c97');
    this.#write('bcdUSB', '0x0200');
    this.#write(`${english}/manufacturer`, 'Ledger');
    this.#write(`${english}/serialnumber`, '0001');
    this.#write('configs/c.1/MaxPower', '100');
    this.#write('functions/hid.usb0/report_length', `${reportLength}`);
    this.#write('functions/hid.usb0/report_desc', Buffer.from(descriptor, 'hex'));
    symlinkSync(`${this.#folder}/functions/hid.usb0`, `${this.#folder}/configs/c.1/hid.usb0`);
  }

  /** Where reports are read and written; to be opened while it is plugged in, and closed before it is pulled out. */
  get file(): string {
    const [, minor] = readFileSync(`${this.#folder}/functions/hid.usb0/dev`, 'utf8').trim().split(':');
    return `/dev/hidg${minor}`;
  }

  plug({ productId, product }: UsbIdentity): void {
    this.#write('idProduct', `0x${productId.toString(16)}`);
    this.#write('strings/0x409/product', product);
    this.#write('UDC', `dummy_udc.${this.#port}`);
  }

  unplug(): void {
    this.#write('UDC', '\n');
  }

  #write(file: string, value: string | Uint8Array): void {
    writeFileSync(`${this.#folder}/${file}`, value);
  }
}
