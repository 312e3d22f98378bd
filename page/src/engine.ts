// The engine's side of the page: one Worker, one question at a time, a limit on each.

import { trustedScript } from "./trusted.ts";
import type { Failure } from "./view.ts";

export class Superseded extends Error {}
export class Refused extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.reason);
    this.failure = failure;
  }
}

export type Progress = { stage: "loading" | "ready" | "busy" | "failed"; said: string };

interface Job {
  channel: string;
  request: string;
  limit: number;
  resolve: (answer: never) => void;
  reject: (error: Error) => void;
}

const LIMIT_MS = 60_000;
const PATIENCE_MS = 3_000;
const BUSY_MS = 400;
/** Of these the newest question is the one the reader waits for. */
const LIVE = new Set(["derive", "check", "circuit", "program"]);
const START_LIMIT_MS = 120_000;

/** Questions of one channel replace each other: only the latest is worth an answer. Python cannot be interrupted:
 * where a question that nobody waits for any more has been worked on for long, its Worker is ended. */
export class Engine {
  private worker: Worker | null = null;
  private ready = false;
  private queue: Job[] = [];
  private current: Job | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private busy: ReturnType<typeof setTimeout> | undefined;
  private began = 0;
  private gone: Failure | null = null;
  restarts = 0;

  private readonly address: string;
  private readonly watch: (progress: Progress) => void;

  constructor(address: string, watch: (progress: Progress) => void) {
    this.address = address;
    this.watch = watch;
  }

  start(): void {
    this.ready = false;
    this.worker = new Worker(trustedScript(this.address), { type: "module", name: "engine" });
    this.worker.onmessage = (event: MessageEvent<{ ready?: true; failed?: string; answer?: string }>) =>
      this.heard(event.data);
    this.worker.onerror = () => this.failed("The engine could not be loaded.");
    this.watch({ stage: "loading", said: "The engine is being loaded." });
    this.timer = setTimeout(() => this.failed("The engine took too long to load."), START_LIMIT_MS);
  }

  ask<T>(verb: string, args: Record<string, unknown> = {}, channel = "", limit = LIMIT_MS): Promise<T> {
    if (this.gone) return Promise.reject(new Refused(this.gone));
    return new Promise<T>((resolve, reject) => {
      if (channel) {
        const [old, kept] = split(this.queue, (job) => job.channel === channel);
        this.queue = kept;
        for (const job of old) job.reject(new Superseded());
      }
      const request = JSON.stringify({ ...args, verb });
      this.queue.push({ channel, request, limit, resolve: resolve as (answer: never) => void, reject });
      this.overtake(channel);
      this.next();
    });
  }

  private next(): void {
    if (!this.ready || this.current || !this.worker) return;
    const job = this.queue.shift();
    if (!job) return;
    this.current = job;
    this.began = performance.now();
    this.timer = setTimeout(() => this.overdue(), job.limit);
    this.busy = setTimeout(() => this.watch({ stage: "busy", said: "Working …" }), BUSY_MS);
    this.worker.postMessage(job.request);
  }

  private heard(message: { ready?: true; failed?: string; answer?: string }): void {
    clearTimeout(this.timer);
    clearTimeout(this.busy);
    if (message.failed !== undefined) return this.failed(message.failed);
    if (message.ready) {
      this.ready = true;
      this.watch({ stage: "ready", said: "The engine is ready." });
    } else if (this.current && message.answer !== undefined) {
      const job = this.current;
      this.current = null;
      this.watch({ stage: "ready", said: "The engine is ready." });
      const answer = JSON.parse(message.answer) as { error?: Failure };
      if (answer.error) job.reject(new Refused(answer.error));
      else job.resolve(answer as never);
    }
    this.next();
  }

  /** A newer question of the reader's: an older one is given up if it has had its time. */
  private overtake(channel: string): void {
    const old = this.current;
    if (!old || !LIVE.has(channel) || !LIVE.has(old.channel)) return;
    const left = PATIENCE_MS - (performance.now() - this.began);
    setTimeout(() => {
      if (this.current !== old) return;
      this.again();
      old.reject(new Superseded());
    }, Math.max(0, left));
  }

  private again(): void {
    this.current = null;
    clearTimeout(this.timer);
    clearTimeout(this.busy);
    this.worker?.terminate();
    this.restarts += 1;
    this.start();
  }

  /** A question passed its limit: the Worker is ended and started again. */
  private overdue(): void {
    const job = this.current;
    this.again();
    job?.reject(
      new Refused({
        id: "",
        title: "Too long",
        reason: `the engine worked for ${Math.round((job?.limit ?? 0) / 1000)} seconds and was stopped`,
        fix: "a smaller cost, a shorter derivation, or the command line",
        text: "",
      }),
    );
  }

  private failed(said: string): void {
    clearTimeout(this.timer);
    this.worker?.terminate();
    this.worker = null;
    const failure = { id: "", title: "No engine", reason: said, fix: "reload the page", text: said };
    this.gone = failure;
    for (const job of [this.current, ...this.queue]) job?.reject(new Refused(failure));
    this.current = null;
    this.queue = [];
    this.watch({ stage: "failed", said });
  }
}

function split<T>(items: T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
