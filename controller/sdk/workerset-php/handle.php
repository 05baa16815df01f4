<?php

/**
 * The handle: a readable stream without data, whose end means stop (S4.6, S8.3).
 */

declare(strict_types=1);

namespace Workerset;

/**
 * One stream for the whole run, kept open even if the script drops it. The first call takes the handle.
 *
 * @return resource
 */
function handle()
{
    static $stream = null;
    if (is_resource($stream)) {
        return $stream;
    }
    $number = getenv('WORKERSET_HANDLE_FD');
    if (!in_background() || $number === false) {
        throw new \RuntimeException(
            'only a background worker has a handle: run this script in a set with background: true'
        );
    }
    $opened = quietly(static fn () => fopen("php://fd/$number", 'r'), $warning);
    if ($opened === false) {
        throw new \RuntimeException("the worker's handle cannot be opened: descriptor $number: $warning");
    }
    notify('WORKERSET_HANDLE=1');
    return $stream = $opened;
}
