import type { Switch } from '../../os/ui.ts';

/** The app's switches, in the order of its menu. A fresh device has them all off. */
export interface Settings {
  blindSigning: boolean;
  /** A page for the nonce. */
  nonce: boolean;
  /** Every field of an EIP-712 message. */
  rawMessages: boolean;
  smartAccounts: boolean;
  debugContracts: boolean;
  /** A page for the transaction's hash, also where it isn't signed blindly. */
  transactionHash: boolean;
}

export const freshSettings = (): Settings => ({
  blindSigning: false,
  nonce: false,
  rawMessages: false,
  smartAccounts: false,
  debugContracts: false,
  transactionHash: false,
});

const texts: readonly (readonly [keyof Settings, title: string, description: string])[] = [
  ['blindSigning', 'Blind signing', 'Enable transaction blind signing'],
  ['nonce', 'Nonce', 'Display nonce in transactions'],
  ['rawMessages', 'Raw messages', 'Displays raw content of EIP712 messages'],
  ['smartAccounts', 'Smart accounts', 'Enable EIP-7702 authorizations'],
  ['debugContracts', 'Debug contracts', 'Display contract\ndata details'],
  ['transactionHash', 'Transaction hash', 'Always display the transaction hash'],
];

/** The settings as the menu's switches. */
export const switches = (settings: Settings): readonly Switch[] =>
  texts.map(([name, title, description]) => ({
    title,
    description,
    isOn: () => settings[name],
    toggle: () => {
      settings[name] = !settings[name];
    },
  }));
