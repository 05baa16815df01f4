<?php

/**
 * Calls of the C library that PHP has no function for, through FFI, and files that only they can open.
 */

declare(strict_types=1);

namespace Workerset;

/** Null where FFI is not there, or is off; on the command line it is on by default. */
function libc(): ?\FFI
{
    static $c = false;
    if ($c !== false) {
        return $c;
    }
    try {
        return $c = extension_loaded('ffi') ? \FFI::cdef(
            'int open(const char *path, int flags, ...); int close(int fd); int munmap(void *at, size_t length);'
            . 'void *mmap(void *at, size_t length, int protection, int flags, int fd, long offset);'
            . 'long syscall(long number, ...); char *strerror(int number); int *__errno_location(void);'
        ) : null;
    } catch (\FFI\Exception) {
        return $c = null;
    }
}

/**
 * As fopen(), which follows the links of a path by itself and by name. A worker of another user may pass
 * through the folder behind its descriptor, and not along the name of it (S8.4): the kernel must follow.
 *
 * @return resource|false false after a warning
 */
function open_file(string $path, string $mode)
{
    if (!str_starts_with($path, '/proc/self/fd/')) {
        return fopen($path, $mode);
    }
    $c = libc();
    if ($c === null) {
        trigger_error('PHP needs FFI to reach it as another user: see ffi.enable in php.ini, or remove user');
        return false;
    }
    $flags = ['rb' => 0, 'r+b' => 2, 'wb' => 0x241][$mode];  // O_RDONLY, O_RDWR, O_WRONLY|O_CREAT|O_TRUNC
    $descriptor = $c->open($path, 0x80000 | $flags, 0600);  // O_CLOEXEC
    if ($descriptor < 0) {
        trigger_error(\FFI::string($c->strerror($c->__errno_location()[0])));
        return false;
    }
    try {
        return fopen("php://fd/$descriptor", $mode);
    } finally {
        $c->close($descriptor);
    }
}
