// Shapes that the page's modules share. Only the type checker reads this file.

/** Web mercator metres: west, south, east, north. */
type Box = [number, number, number, number];
/** Column and row of a tile at the zoom of its grid. */
type Cell = [number, number];
/** Zoom, column, row. */
type Tile = [number, number, number];
/** First and last column and row of a block of tiles. */
type Span = { left: number; top: number; right: number; bottom: number };

type Failure = { error: { code: string; message: string } };
type Answer = { ok: boolean; status: number; said: any };

type JobFile = { name: string; bytes: number; url: string };
type Job = {
  id: string;
  name?: string | null;
  state: "waiting" | "running" | "done" | "failed" | "cancelled";
  stage: string;
  done: number;
  total: number;
  seconds_left: number | null;
  error: { code: string; message: string } | null;
  files: JobFile[];
};

/** A line of the journal. */
type Step = {
  number: number;
  kind: "prompt" | "stroke" | "edit" | "guide" | "clear";
  made: string;
  state: "done" | "waiting" | "cancelled" | "undone" | "forgotten";
  prompt: string;
  picture?: boolean;
  tiles?: number;
  bounds?: Box;
  pictured?: Box;
  negative_prompt?: string;
  strength?: number;
  seed?: number;
  job?: string | null;
  path?: [number, number][];
  radius?: number;
  softness?: number;
};

/** Without a colour of its own, a stroke has that of its prompt. */
type Stroke = { prompt: string; path: [number, number][]; radius: number; softness: number; colour?: string };
type BrushState = { on: boolean; prompt: string; radius: number; softness: number };
/** What is chosen: tiles, exactly a rectangle, or some of the latents of tiles. */
type Chosen = { count: number; tiles: Tile[]; bounds: Box | null; exact: boolean; mask?: import("./lib/sheet.js").Mask | null };
/** A picture over the map. */
type Overlaid = { url: string; bounds: Box; inside: Box };

/** What the server writes into the map's page. */
type MapOptions = {
  world: string;
  stamp: string;
  base: number;
  sketch: number;
  deepest: number;
  zooms: number[]; // that the model learned, coarsest first
  nearest: Record<number, number>; // of these, as which each painted zoom is painted
  models?: [number, string][]; // other models, each from a zoom on
  lowest: number;
  highest: number;
  home: [number, number];
  known: [number, number, number, number][]; // tiles of the first view that are painted, each with its revision
};

/** What a published world says of itself, in its world.json. */
type Published = {
  name: string;
  prompt: string;
  seed: number;
  model: string;
  licence: string;
  base: number;
  lowest: number;
  deepest: number;
  zooms: number[];
  nearest: Record<number, number>;
  models?: [number, string][];
  start: [number, number, number];
  archives: { square: [number, number]; file: string }[];
};

type KeyPress = { key: string; code: string; ctrlKey: boolean; metaKey: boolean; shiftKey: boolean; altKey: boolean };

/** What the map says to the page around it. */
type Told = { type: string; world?: string; [more: string]: any };

interface Window {
  earth: any;
}
