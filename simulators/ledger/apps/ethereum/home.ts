import type { Home } from '../../os/ui.ts';
import { type Settings, switches } from './settings.ts';

/** The app at rest, with the settings and the app's information beside it. */
export const home = (settings: Settings, version: string): Home => ({
  name: 'Ethereum',
  switches: switches(settings),
  info: [
    ['Version', version],
    ['Developer', 'Ledger'],
    ['Copyright', 'Ledger (c) 2025'],
  ],
});
