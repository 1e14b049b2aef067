import type { Os } from '../../os/app.ts';
import { actionPage, infoPage } from '../../os/page.ts';
import { type Settings, showSettings } from './settings.ts';

const settingsPage = 1;
const aboutPage = 2;

/** The home screen and what lies beside it: settings, information, the way out. */
export function showHome(os: Os, settings: Settings, version: string, start = 0): void {
  const home = (page: number) => () => showHome(os, settings, version, page);
  const pages = [
    infoPage('Ethereum', 'app is ready'),
    actionPage('App settings', () => showSettings(os, settings, home(settingsPage))),
    actionPage('App info', () => showInfo(os, version, home(aboutPage))),
    actionPage('Quit app', () => os.quit()),
  ];
  os.show(() => pages, start);
}

function showInfo(os: Os, version: string, back: () => void): void {
  const pages = [
    infoPage('Version', version),
    infoPage('Developer', 'Ledger'),
    infoPage('Copyright', 'Ledger (c) 2025'),
    actionPage('Back', back),
  ];
  os.show(() => pages);
}
