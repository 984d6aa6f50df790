/**
 * The seats of one priority level, and the queues before them (apiserver's fairqueuing/queueset). A request joins the least
 * loaded queue of its flow's hand; queues are served by virtual finish time, so that each gets its share of the seats however
 * much waits in the others. Time comes in as an argument, in milliseconds.
 */
import { createDemand, type Demand } from './demand.ts';
import { deal, hashOfFlow } from './shuffle-shard.ts';

export interface Shape {
  /** -1: no limit at all (exempt). 0: whoever finds no seat is refused. */
  readonly queues: number;
  readonly handSize: number;
  /** Requests that may wait in one queue. */
  readonly queueLengthLimit: number;
}

/** A request that was let in: it waits, or runs. */
export interface Ticket {
  readonly seats: number;
  readonly queue: Queue | undefined;
  readonly arrivalR: number;
  state: 'waiting' | 'running' | 'gone';
  startedMs: number;
  /** Called when it gets its seats after having waited. */
  granted: (() => void) | undefined;
}

/** Made when a request joins it, gone when it is empty. */
interface Queue {
  readonly index: number;
  readonly waiting: Ticket[];
  running: number;
  waitingSeats: number;
  /** Virtual time, in seat-milliseconds, at which its next request starts. */
  nextR: number;
}

/** Who asks: schema and distinguisher make a flow. */
export interface Flow {
  readonly schema: string;
  readonly distinguisher: string;
}

export interface QueueSet {
  readonly demand: Demand;
  readonly seatsInUse: number;
  readonly waiting: number;
  readonly limit: number;
  /** Nothing runs and nothing waits. */
  readonly idle: boolean;
  /** Undefined: refused. */
  start(flow: Flow, seats: number, nowMs: number): Ticket | undefined;
  /** A running request ended. */
  finish(ticket: Ticket, nowMs: number): void;
  /** A waiting request goes away. */
  withdraw(ticket: Ticket, nowMs: number): void;
  reshape(shape: Shape): void;
  setLimit(limit: number, nowMs: number): void;
}

/** What a request is thought to take before it is known. */
const guessMs = 3;
/** Hands are remembered for so many flows. */
const maxHands = 4096;

export function createQueueSet(first: Shape, firstLimit: number, startMs: number): QueueSet {
  const demand = createDemand(startMs);
  const hands = new Map<string, Map<string, readonly number[]>>();
  /** In the order in which they are asked when they are equal: who was served goes to the end. */
  const queues = new Map<number, Queue>();
  let shape = first;
  let limit = firstLimit;
  let seatsInUse = 0;
  let running = 0;
  let waiting = 0;
  let seatsWaiting = 0;
  let currentR = 0;
  let lastMs = startMs;
  let turns = 0;
  let known = 0;

  /** Virtual time goes at the speed at which a queue that always has something is served. */
  const sync = (nowMs: number): void => {
    const passed = nowMs - lastMs;
    if (passed <= 0) return;
    lastMs = nowMs;
    if (queues.size > 0) currentR += (passed * Math.min(seatsInUse + seatsWaiting, limit)) / queues.size;
  };
  const note = (nowMs: number): void => demand.set(seatsInUse + seatsWaiting, nowMs);

  const fits = (seats: number): boolean =>
    shape.queues < 0 || seatsInUse + seats <= limit || (seats > limit && running === 0);

  const handOf = ({ schema, distinguisher }: Flow): readonly number[] => {
    let ofSchema = hands.get(schema);
    const found = ofSchema?.get(distinguisher);
    if (found !== undefined) return found;
    if (known >= maxHands) {
      hands.clear();
      known = 0;
      ofSchema = undefined;
    }
    ofSchema ??= new Map();
    hands.set(schema, ofSchema);
    const hand = deal(hashOfFlow(schema, distinguisher), shape.queues, shape.handSize);
    ofSchema.set(distinguisher, hand);
    known++;
    return hand;
  };

  /** The queue of the hand with the least work; the first to be looked at goes around. */
  const choose = (flow: Flow): number => {
    const hand = handOf(flow);
    const offset = turns++;
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let step = 0; step < hand.length && least > 0; step++) {
      const index = hand[(offset + step) % hand.length] ?? 0;
      const load = queues.get(index)?.waitingSeats ?? 0;
      if (load >= least) continue;
      least = load;
      best = index;
    }
    return best;
  };

  /** A queue never starts before what it holds has arrived: it cannot save time up. */
  const bound = (queue: Queue): void => {
    const oldest = queue.waiting[0];
    if (oldest !== undefined && queue.nextR < oldest.arrivalR) queue.nextR = oldest.arrivalR;
  };

  const nextQueue = (): Queue | undefined => {
    let best: Queue | undefined;
    let bestFinish = Number.POSITIVE_INFINITY;
    for (const queue of queues.values()) {
      const oldest = queue.waiting[0];
      if (oldest === undefined) continue;
      const finish = queue.nextR + oldest.seats * guessMs;
      if (finish >= bestFinish) continue;
      bestFinish = finish;
      best = queue;
    }
    if (best?.waiting[0] === undefined || !fits(best.waiting[0].seats)) return undefined;
    queues.delete(best.index);
    queues.set(best.index, best);
    return best;
  };

  const run = (ticket: Ticket, nowMs: number): void => {
    ticket.state = 'running';
    ticket.startedMs = nowMs;
    running++;
    seatsInUse += ticket.seats;
  };

  const dispatch = (nowMs: number): void => {
    while (waiting > 0 && (shape.queues < 0 || seatsInUse < limit)) {
      const queue = nextQueue();
      const ticket = queue?.waiting.shift();
      if (queue === undefined || ticket === undefined) return;
      leaveQueue(queue, ticket);
      run(ticket, nowMs);
      queue.running++;
      queue.nextR += ticket.seats * guessMs;
      bound(queue);
      ticket.granted?.();
    }
  };

  const leaveQueue = (queue: Queue, ticket: Ticket): void => {
    waiting--;
    seatsWaiting -= ticket.seats;
    queue.waitingSeats -= ticket.seats;
  };

  const queueAt = (index: number): Queue => {
    const found = queues.get(index);
    if (found !== undefined) return found;
    const made: Queue = { index, waiting: [], running: 0, waitingSeats: 0, nextR: currentR };
    queues.set(index, made);
    return made;
  };

  const quit = (queue: Queue): void => {
    if (queue.running === 0 && queue.waiting.length === 0) queues.delete(queue.index);
  };

  return {
    demand,
    get seatsInUse() {
      return seatsInUse;
    },
    get waiting() {
      return waiting;
    },
    get limit() {
      return limit;
    },
    get idle() {
      return running === 0 && waiting === 0;
    },
    start(flow, seats, nowMs) {
      sync(nowMs);
      if (shape.queues < 1) {
        if (!fits(seats)) return undefined;
        const ticket = newTicket(seats, undefined, currentR);
        run(ticket, nowMs);
        note(nowMs);
        return ticket;
      }
      const index = choose(flow);
      const length = queues.get(index)?.waiting.length ?? 0;
      if (seatsInUse >= limit && length >= shape.queueLengthLimit) return undefined;
      const queue = queueAt(index);
      const ticket = newTicket(seats, queue, currentR);
      if (waiting === 0 && seatsInUse < limit && fits(seats)) {
        // Nobody waits and there is room: nothing to choose from.
        run(ticket, nowMs);
        queue.running++;
        queue.nextR += seats * guessMs;
      } else {
        queue.waiting.push(ticket);
        queue.waitingSeats += seats;
        waiting++;
        seatsWaiting += seats;
        bound(queue);
        dispatch(nowMs);
      }
      note(nowMs);
      return ticket;
    },
    finish(ticket, nowMs) {
      if (ticket.state !== 'running') return;
      sync(nowMs);
      ticket.state = 'gone';
      running--;
      seatsInUse -= ticket.seats;
      const { queue } = ticket;
      if (queue !== undefined) {
        queue.running--;
        // What it took in truth takes the place of the guess.
        queue.nextR -= ticket.seats * (guessMs - (nowMs - ticket.startedMs));
        bound(queue);
        quit(queue);
      }
      dispatch(nowMs);
      note(nowMs);
    },
    withdraw(ticket, nowMs) {
      const { queue } = ticket;
      if (ticket.state !== 'waiting' || queue === undefined) return;
      sync(nowMs);
      ticket.state = 'gone';
      queue.waiting.splice(queue.waiting.indexOf(ticket), 1);
      leaveQueue(queue, ticket);
      bound(queue);
      quit(queue);
      // A dear request at the head may have kept cheap ones back.
      dispatch(nowMs);
      note(nowMs);
    },
    reshape(next) {
      shape = next;
      hands.clear();
      known = 0;
    },
    setLimit(next, nowMs) {
      sync(nowMs);
      limit = next;
      dispatch(nowMs);
      note(nowMs);
    },
  };
}

const newTicket = (seats: number, queue: Queue | undefined, arrivalR: number): Ticket => ({
  seats,
  queue,
  arrivalR,
  state: 'waiting',
  startedMs: 0,
  granted: undefined,
});
