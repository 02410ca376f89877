// How replicas wait for each other: a command that wakes them, and a barrier. Both spin before they sleep, because a
// sleeper takes some 40 µs to wake. Builds for one thread hold none of this: there the functions are empty.
//   control // i32, each on a cache line of its own:
//     0 command: number, then what to do      64 arrived at the barrier      128 barriers passed
//     192 failed (1) or not (0)               256 sleepers                   320 seconds without progress that are death
//     384 items taken, then how many there are
//   sync    // i32 [7], one a replica: control, index, replicas, calls done, commands seen, item, calls done before it
// The thread that starts a run is replica 0.

const COMMAND = 0;
const ARRIVED = 64;
const PASSED = 128;
const FAILED = 192;
const SLEEPERS = 256;
const PATIENCE = 320;
const TAKEN = 384;
const ITEMS = 388;

const CONTROL = 0;
const INDEX = 4;
const REPLICAS = 8;
const PROGRESS = 12;
const SEEN = 16;
const ITEM = 20;
const BEGAN = 24;
/** Bytes from one replica's sync to the next. */
const SYNC_STRIDE = 64;

/** Looks before going to sleep: some 50 µs. */
const SPINS = 20000;
/** A sleeper wakes up once a second to see whether the others still move: nanoseconds. */
const SECOND: i64 = 1000000000;
const TIMED_OUT = 2;

/** Marks the team as failed, and wakes all who wait: they trap. */
export function fail(control: usize): void {
  if (ASC_FEATURE_THREADS) {
    atomic.store<i32>(control + FAILED, 1);
    atomic.notify(control + COMMAND);
    atomic.notify(control + PASSED);
  }
}

/** Calls done by all replicas. */
// @ts-ignore: decorator
@inline
function progress(sync: usize): i32 {
  const first = sync - <usize>load<i32>(sync, INDEX) * SYNC_STRIDE;
  const replicas = load<i32>(sync, REPLICAS);
  let sum = 0;
  for (let r = 0; r < replicas; ++r) sum += atomic.load<i32>(first + <usize>r * SYNC_STRIDE + PROGRESS);
  return sum;
}

/**
 * Returns when the word at `place` is not `value` any more. Traps when the team has failed; and, where `counts`, when
 * nobody has moved for as long as patience allows.
 */
// @ts-ignore: decorator
@inline
function awaitChange(place: usize, value: i32, sync: usize, counts: bool): void {
  for (let i = 0; i < SPINS; ++i) if (atomic.load<i32>(place) != value) return;
  const control = <usize>load<u32>(sync, CONTROL);
  let moved = counts ? progress(sync) : 0;
  let quiet = 0;
  while (atomic.load<i32>(place) == value) {
    if (atomic.load<i32>(control + FAILED) != 0) unreachable();
    atomic.add<i32>(control + SLEEPERS, 1);
    const result = <i32>atomic.wait<i32>(place, value, SECOND);
    atomic.sub<i32>(control + SLEEPERS, 1);
    if (!counts || result != TIMED_OUT) continue;
    const now = progress(sync);
    quiet = now == moved ? quiet + 1 : 0;
    moved = now;
    if (quiet < load<i32>(control + PATIENCE)) continue;
    fail(control);
    unreachable();
  }
}

/** Wakes who sleeps until the word at `place` changes. */
// @ts-ignore: decorator
@inline
function wake(control: usize, place: usize): void {
  if (atomic.load<i32>(control + SLEEPERS) > 0) atomic.notify(place);
}

// @ts-ignore: decorator
@inline
function begin(sync: usize, item: i32): void {
  store<i32>(sync, item, ITEM);
  store<i32>(sync, load<i32>(sync, PROGRESS), BEGAN);
}

/**
 * Gives all other replicas a command, to be followed for each of some items: the first of every replica is the one of
 * its own index, others go to whoever comes first.
 */
export function command(sync: usize, what: i32, items: i32): void {
  if (ASC_FEATURE_THREADS) {
    const control = <usize>load<u32>(sync, CONTROL);
    store<i32>(control, load<i32>(sync, REPLICAS), TAKEN);
    store<i32>(control, items, ITEMS);
    begin(sync, load<i32>(sync, INDEX));
    atomic.store<i32>(control + COMMAND + 4, what);
    atomic.add<i32>(control + COMMAND, 1);
    wake(control, control + COMMAND);
  }
}

/** Waits for the next command. */
export function nextCommand(sync: usize): i32 {
  if (ASC_FEATURE_THREADS) {
    const control = <usize>load<u32>(sync, CONTROL);
    const seen = load<i32>(sync, SEEN);
    awaitChange(control + COMMAND, seen, sync, false);
    store<i32>(sync, seen + 1, SEEN);
    begin(sync, load<i32>(sync, INDEX));
    return atomic.load<i32>(control + COMMAND + 4);
  }
  return 0;
}

/** Whether there was an item left for this replica. Those that have been taken are the first ones, always. */
export function takeItem(sync: usize): i32 {
  if (ASC_FEATURE_THREADS) {
    const control = <usize>load<u32>(sync, CONTROL);
    if (atomic.load<i32>(control + TAKEN) >= atomic.load<i32>(control + ITEMS)) return 0;
    const item = atomic.add<i32>(control + TAKEN, 1);
    if (item >= atomic.load<i32>(control + ITEMS)) return 0;
    begin(sync, item);
    return 1;
  }
  return 0;
}

/**
 * Leaves no item to take, or one where the others have more than half of theirs before them: this replica would wait
 * for them longer than they for it. For replica 0, between two items.
 * @param calls that an item takes
 */
export function endItems(sync: usize, calls: i32): void {
  if (ASC_FEATURE_THREADS) {
    const control = <usize>load<u32>(sync, CONTROL);
    const others = load<i32>(sync, REPLICAS) - 1;
    let done = 0;
    for (let r = 1; r <= others; ++r) {
      const other = sync + <usize>r * SYNC_STRIDE;
      done += atomic.load<i32>(other + PROGRESS) - atomic.load<i32>(other + BEGAN);
    }
    const taken = atomic.load<i32>(control + TAKEN);
    const items = 2 * done < calls * others ? taken + 1 : taken;
    atomic.store<i32>(control + ITEMS, min(items, atomic.load<i32>(control + ITEMS)));
  }
}

/** Returns when all replicas have come here. What they wrote before, all can read after. */
export function barrier(sync: usize): void {
  if (ASC_FEATURE_THREADS) {
    const control = <usize>load<u32>(sync, CONTROL);
    const passed = atomic.load<i32>(control + PASSED);
    if (atomic.add<i32>(control + ARRIVED, 1) + 1 < load<i32>(sync, REPLICAS)) {
      awaitChange(control + PASSED, passed, sync, load<i32>(sync, INDEX) == 0);
      return;
    }
    atomic.store<i32>(control + ARRIVED, 0);
    atomic.add<i32>(control + PASSED, 1);
    wake(control, control + PASSED);
  }
}
