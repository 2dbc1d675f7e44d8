// Types that the page's modules share; those of the API come from its OpenAPI description.

import type { components } from 'api-types';

type Schemas = components['schemas'];

export type Direction = 'upstream' | 'downstream';
export type Row = Schemas['Row'];
export type Page = Schemas['Page'];
export type Frame = Schemas['Frame'];
export type Payload = Schemas['Payload'];
export type Packet = Schemas['Packet'];
export type HttpRequest = Schemas['HttpRequest'];
export type HttpWaiting = Schemas['HttpWaiting'];
export type HttpDetail = Schemas['HttpDetail'];
export type HttpBody = Schemas['HttpBody'];
export type RecordedMessage = Schemas['RecordedMessage'];
export type Message = Schemas['Message'];
export type RoundTrip = Schemas['RoundTrip'];
export type RoundTrips = Schemas['RoundTrips'];
export type Note = Schemas['Note'];
export type NoteChange = { note?: string; marked?: boolean };
export type Comparison = Schemas['Comparison'];
export type Exchange = Schemas['Exchange'];
export type Exchanges = Schemas['Exchanges'];
export type Session = Schemas['Session'];
export type Statistics = Schemas['Statistics'];
export type ConnectionDetail = Schemas['Connection'];
export type Status = Schemas['Status'];
export type Breakpoint = Schemas['Breakpoint'];
export type Held = Schemas['Held'];
export type BreakpointState = Schemas['Breakpoints'];
export type Fault = Schemas['Fault'];
export type FaultType = Schemas['FaultTypes']['types'][number];
export type TimelineData = NonNullable<Schemas['Timeline']['timeline']>;
export type Bucket = Schemas['Bucket'];

/** A connection with what the page remembers of its traffic: [time, frames] lately. */
export type Connection = Schemas['ConnectionSummary'] & { past: [number, number][] };

export interface Update {
  connection: number;
  direction: Direction;
  message: number;
  verdict?: Row['verdict'];
  mark?: string;
}

/** What the feed tells ten times a second. */
export interface Batch {
  time: number;
  total: { frames: number; bytes: number; rate: Schemas['Rate'] };
  connections: Schemas['ConnectionSummary'][];
  connections_skipped: number;
  traffic: Record<string, [number, number, number, number] | null>;
  updates: (Update | Schemas['Note'])[];
  http: { rows: Schemas['HttpRequest'][]; skipped: number };
  frames?: { from: number; to: number; rows: Row[]; skipped: number };
  breakpoints?: BreakpointState;
}

export interface FeedEvents {
  batch: Batch;
  behind: null;
  subscribed: { upto: number; tag: string };
  error: { message: string };
  open: null;
  lost: null;
}

export type Child = Node | string | number | null | undefined | false | Child[];

type Handlers = {
  [K in keyof HTMLElementEventMap as `on${K}`]?: (event: HTMLElementEventMap[K]) => void;
};
export type Properties = Handlers & Record<string, unknown>;

export type ElementOf<T extends string> = T extends keyof HTMLElementTagNameMap
  ? HTMLElementTagNameMap[T]
  : HTMLElement;

/** Something that can be done: an item of a menu, or of the palette. */
export interface Action {
  text: string;
  keys?: string;
  run?: () => unknown;
  /** Classes of its text. */
  look?: string;
  /** A menu of its own, in place of `run`. */
  items?: (Action | null)[];
}
