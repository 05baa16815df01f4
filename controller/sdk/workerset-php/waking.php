<?php

/**
 * Waking whoever waits for a newer generation (S6.8): futex(2) on the header's word, where PHP has FFI.
 */

declare(strict_types=1);

namespace Workerset;

part('system');

/** Without FFI nobody is woken; waiters look again by themselves. */
function wake(string $path): void
{
    $futex = ['x86_64' => 202, 'aarch64' => 98, 'riscv64' => 98, 'loongarch64' => 98][php_uname('m')] ?? 0;
    $c = libc();
    if ($futex === 0 || $c === null) {
        return;
    }
    $fd = $c->open($path, 0x80000);  // O_RDONLY | O_CLOEXEC
    if ($fd < 0) {
        return;
    }
    $page = $c->mmap(null, 4096, 1, 1, $fd, 0);  // PROT_READ, MAP_SHARED
    $c->close($fd);
    if (\FFI::cast('long', $page)->cdata === -1) {
        return;
    }
    $word = \FFI::cast('char *', $page) + 8;
    $c->syscall($futex, $word, 1, 0x7fffffff, null, null, 0);  // FUTEX_WAKE
    $c->munmap($page, 4096);
}
