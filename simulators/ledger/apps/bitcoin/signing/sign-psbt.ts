import { StatusError, status } from '../../../os/status.ts';

export async function signPsbt(): Promise<Uint8Array> {
  throw new StatusError(status.unknownInstruction, 'not yet');
}
