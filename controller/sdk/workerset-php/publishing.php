<?php

/**
 * Publishing a snapshot (S6.1, S6.3, S6.5): a complete file under its own name, then the word that names it.
 */

declare(strict_types=1);

namespace Workerset;

part('codec');
part('slot');
part('waking');

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
    $slot = new Slot($path);
    try {
        $slot->lock();
        put($slot, $body);
    } finally {
        $slot->close();
    }
    if (!$said) {
        $said = true;
        notify('WORKERSET_VARS=1');
    }
}

/** With the lock held. A process that is killed at any point leaves the old snapshot or the new one. */
function put(Slot $slot, string $body): void
{
    $words = $slot->words();
    if ($words->published !== 0 && $slot->body($words->published) === $body) {
        return;
    }
    $generation = $words->generation + 1;
    $path = $slot->path;
    $private = "$path.tmp";
    $payload = Slot::payload($generation, $body);
    $mask = umask(0177);
    $written = quietly(static fn () => file_put_contents($private, $payload), $warning);
    umask($mask);
    if ($written !== strlen($payload) || !quietly(static fn () => rename($private, "$path.$generation"), $warning)) {
        quietly(static fn () => unlink($private));
        throw new \RuntimeException("the vars cannot be written: $path.$generation: $warning");
    }
    $slot->publish_word(4, $generation);
    $slot->publish_word(1, $generation);
    wake($path);
    // The one before stays: a reader may just have been told of it. Older ones are there only if somebody died.
    for ($old = $generation - 2; quietly(static fn () => unlink("$path.$old")); $old--);
}
