/**
 * Where the room reports what no caller is told: an event's name and flat facts about it. Values may hold foreign text;
 * they come escaped (`shown`), and never hold a request's evidence or an answer's bytes.
 */
export type Log = (event: string, facts: Readonly<Record<string, string>>) => void;
