import { second } from './domain/index.ts';
import { type LedgerTransport, readPin, type SignerConfig } from './signer-config.ts';
import { createLedgerSigner, machineDeadlines } from './signers/ledger/signer.ts';
import type { Transport } from './signers/ledger/transport.ts';
import { createPkcs11Signer } from './signers/pkcs11/signer.ts';
import type { Signer } from './signers/signer.ts';
import type { LineLog } from './signers/stderr.ts';

/** Within which a module, or a network HSM behind it, must have answered, ms. */
const answer = 10 * second;

/** Opens what the config names: its child starts at once. Throws `Malformed` for a PIN that can't be read. */
export function openSigner(config: SignerConfig, log: LineLog): Signer {
  const { name } = config;
  if (config.kind === 'ledger') {
    const deadlines = { ...machineDeadlines, sign: config.review };
    return createLedgerSigner({ name, transport: transportOf(config.transport), deadlines, log });
  }
  const { module, token, processes, environment } = config;
  const pin = readPin(config.pin, `config.signers.${name}.pin`);
  const deadlines = { identify: answer, sign: answer };
  return createPkcs11Signer({ name, module, token, pin, processes, environment, deadlines, log });
}

export function transportOf(transport: LedgerTransport): Transport {
  return transport.kind === 'hid' ? { transport: 'hid' } : { transport: 'speculos', url: transport.url };
}
