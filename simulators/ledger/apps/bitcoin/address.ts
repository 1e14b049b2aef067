import { StatusError, status } from '../../os/status.ts';

export async function getAddress(): Promise<Uint8Array> {
  throw new StatusError(status.unknownInstruction, 'not yet');
}
