import { Client, credentials } from '@grpc/grpc-js';
import {
  GetTransactionRequest,
  GetTransactionResponse,
  TransactionServiceService,
  TransactionState,
} from '../src/generated/portcullis/v1/transaction.ts';
import { WithdrawalServiceService } from '../src/generated/portcullis/v1/withdrawal.ts';
import { echoPath } from './echo.ts';
import type { Ready } from './server.ts';
import type { Work } from './work.ts';

const same = (bytes: Buffer): Buffer => bytes;
/** As long as the requests of the budget's echo. */
const echoed = Buffer.alloc(300, 7);

/** The bench's end of one gRPC connection over mutual TLS; requests go as the bytes that were made beforehand. */
export class BenchClient {
  readonly #client: Client;
  /** How often it was asked whether a transaction is signed. */
  asked = 0;

  constructor(port: number, { tls }: Ready) {
    const bytes = (of: Uint8Array): Buffer => Buffer.from(of);
    const channel = credentials.createSsl(bytes(tls.ca), bytes(tls.key), bytes(tls.cert));
    this.#client = new Client(`localhost:${port}`, channel, { 'grpc.use_local_subchannel_pool': 1 });
  }

  close(): void {
    this.#client.close();
  }

  /** Authorizes, has it signed, and waits until the signed transaction is there. */
  async authorizeAndSign(work: Work): Promise<void> {
    await this.authorizeAndPermit(work);
    await this.#signed(work);
  }

  /** The station has decided twice; the signature comes when it comes. */
  async authorizeAndPermit(work: Work): Promise<void> {
    await this.#call(WithdrawalServiceService.authorizeWithdrawal.path, work.authorize);
    await this.#call(TransactionServiceService.signTransaction.path, work.sign);
  }

  /** One call authorizes and permits; waits until the signed transaction is there. */
  async signInline(work: Work): Promise<void> {
    await this.#call(TransactionServiceService.signTransaction.path, work.inline);
    await this.#signed(work);
  }

  async echo(): Promise<void> {
    await this.#call(echoPath, echoed);
  }

  /**
   * Asks until it is signed, at once and then ever later. Not by WatchTransactions: each watcher that lets go resets its stream,
   * and nghttp2 takes 33 resets a second, beyond the first thousand, for an attack on the connection (CVE-2023-44487).
   */
  async #signed({ transaction }: Work): Promise<void> {
    const request = GetTransactionRequest.encode({ transactionId: transaction }).finish();
    for (let pause = 1; ; pause *= 2) {
      this.asked++;
      const answer = await this.#call(TransactionServiceService.getTransaction.path, request);
      const told = GetTransactionResponse.decode(answer).transaction;
      if (told?.state === TransactionState.SIGNED) return;
      if (told === undefined || told.blockedBy !== '') {
        throw new Error(`transaction ${transaction} is blocked by ${told?.blockedBy}`);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  #call(path: string, bytes: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, same, same, Buffer.from(bytes), (error, answer) => {
        if (error !== null) reject(error);
        else resolve(answer ?? Buffer.alloc(0));
      });
    });
  }
}
