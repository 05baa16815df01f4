<?php

/**
 * Publishing a snapshot (S6.1, S6.3, S6.5): a complete file under its own name, then the word that names it.
 */

declare(strict_types=1);

namespace Workerset;

part('codec');
part('slot');
part('waking');

const GENERATION = 1;
const EPOCH = 3;
const PUBLISHED = 4;

function publish(array $vars): void
{
    static $said = false;
    $path = getenv('WORKERSET_VARS');
    if (!in_background() || $path === false) {
        throw new \RuntimeException(
            'only a background worker can publish vars: run this script in a set with background: true'
        );
    }
    $body = encode($vars);
    do {
        $slot = new Slot($path);
        try {
            $slot->lock();
            $current = $slot->is_current();
            if ($current) {
                put($slot, $body);
            }
        } finally {
            $slot->close();
        }
    } while (!$current);
    tell_readers_of_another($path);
    if (!$said) {
        $said = true;
        notify('WORKERSET_VARS=1');
    }
}

/**
 * The run-time folder may have been made again: whoever still looks at the header of before is told to resolve
 * the name anew.
 */
function tell_readers_of_another(string $path): void
{
    static $known = null;
    if ($known !== null && !$known->is_current()) {
        $known->set_word(EPOCH, $known->words()->epoch + 1);
        $known->close();
        $known = null;
    }
    $known ??= new Slot($path);
}

/** With the lock held. A process that is killed at any point leaves the old snapshot or the new one. */
function put(Slot $slot, string $body): void
{
    $words = $slot->words();
    $generation = $words->generation;
    if ($words->published !== 0 && $slot->body($generation) === $body) {
        if ($words->published !== $generation) {  // somebody died between the two words
            $slot->set_word(PUBLISHED, $generation);
            wake($slot->path);
        }
        return;
    }
    $generation++;
    write_payload($slot->path, $generation, $body);
    $mode = $slot->readable();
    if ($mode !== 0) {  // a worker of another user may read it
        quietly(static fn () => chmod("{$slot->path}.$generation", 0600 | $mode));
    }
    $slot->set_word(GENERATION, $generation);
    $slot->set_word(PUBLISHED, $generation);
    wake($slot->path);
    tidy($slot->path, $generation - 2);
}

/** Complete or not at all; a full disk leaves nothing behind. */
function write_payload(string $slot, int $generation, string $body): void
{
    $private = "$slot.new";
    $bytes = Slot::payload($generation, $body);
    $mask = umask(0177);
    $written = quietly(static function () use ($private, $bytes): int|false {
        $file = open_file($private, 'wb');
        return $file === false ? false : fwrite($file, $bytes);
    }, $warning);
    umask($mask);
    if ($written !== strlen($bytes) || !quietly(static fn () => rename($private, "$slot.$generation"), $warning)) {
        quietly(static fn () => unlink($private));
        throw new \RuntimeException("the vars cannot be written: $slot.$generation: $warning");
    }
}

/**
 * Remove a generation and what killed writers left right before it, the oldest first. The newest but one stays:
 * a reader may just have been told of it.
 */
function tidy(string $slot, int $generation): void
{
    $oldest = $generation;
    clearstatcache();
    while (file_exists("$slot." . ($oldest - 1))) {
        $oldest--;
    }
    for ($one = $oldest; $one <= $generation; $one++) {
        quietly(static fn () => unlink("$slot.$one"));
    }
}
