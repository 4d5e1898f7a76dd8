#!/bin/sh
# Runs test programs on a processor that is not at hand: Bochs boots a Linux kernel with nothing but them.
#
#     tests/emulate.sh [CPU [DIR/NAME ...]]        "bochs -help cpu" lists processors
#
# For Debian on x86-64, not for `make check`: it takes some 20 minutes. Wants the packages bochs, bochsbios, vgabios,
# isolinux, syslinux-common, xorriso, cpio and busybox-static. KERNEL is a kernel to boot; without one Debian's is
# downloaded, and unpacked below the build directory. The last line printed is that of tests/run.sh.
set -e
cpu=${1:-corei7_icelake_u}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- backend/cpu_kernels backend/cpu_precision backend/cpu_products backend/cpu backend/cpu_choice \
    backend/dropout backend/reached model/precision model/packed model/reference
build=${BUILD:-build}
work=$build/emulate/$cpu root=$build/emulate/$cpu/root iso=$build/emulate/$cpu/iso

kernel() {
    [ -z "$KERNEL" ] || { echo "$KERNEL" && return; }
    if ! ls "$build"/emulate/kernel/boot/vmlinuz-* >/dev/null 2>&1; then
        mkdir -p "$build/emulate/kernel"
        package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[^ ]*\)$/\1/p')
        (cd "$build/emulate/kernel" && apt-get download "$package" >&2 && dpkg -x "$package"_*.deb .)
    fi
    ls "$build"/emulate/kernel/boot/vmlinuz-*
}

# The file system in memory: the programs with their libraries, what they read, and a first process that runs them.
fill_root() {
    rm -rf "$work"
    mkdir -p "$root/bin" "$root/proc" "$root/dev" "$root/sys" "$root/tmp" "$root/models" "$iso"
    cp /bin/busybox "$root/bin/"
    cp -r --parents tests/run.sh tests/data "$root/"
    programs=
    for test in "$@"; do
        program=$build/tests/${test%/*}/test_${test##*/}
        cp --parents "$program" "$root/"
        strip -g "$root/$program"
        programs="$programs $program"
        ldd "$program" | grep -o '/[^ ]*' | sort -u | while read -r library; do
            cp --parents -L "$library" "$root/"
        done
    done
    cat >"$root/init" <<INIT
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
export PATH=/bin CK_TIMEOUT_MULTIPLIER=100 BUILD=$build T=emulated
grep -m 1 'model name' /proc/cpuinfo
grep -m 1 flags /proc/cpuinfo | tr ' ' '\n' | grep -E '^(avx|fma|f16c)' | tr '\n' ' '
sh tests/run.sh $programs
echo 'the emulation is over'
poweroff -f
INIT
    chmod +x "$root/init"
}

# A disk to boot from, with the console on the serial line, which the emulator writes to a file.
make_disk() {
    (cd "$root" && find . | cpio -o -H newc --quiet) | gzip -1 >"$iso/root.gz"
    cp "$(kernel)" "$iso/vmlinuz"
    cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$iso/"
    cat >"$iso/isolinux.cfg" <<CONFIG
default linux
label linux
  kernel /vmlinuz
  append initrd=/root.gz console=ttyS0 quiet panic=-1 mitigations=off nokaslr random.trust_cpu=on
CONFIG
    xorriso -as mkisofs -quiet -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table \
        -o "$work/disk.iso" "$iso"
    cat >"$work/bochsrc" <<CONFIG
config_interface: textconfig
display_library: rfb, options="timeout=0"
cpu: model=$cpu, ips=200000000, reset_on_triple_fault=0
memory: guest=1024, host=1024
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
ata0-master: type=cdrom, path=$work/disk.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$work/console
clock: sync=none
log: $work/log
panic: action=fatal
error: action=ignore
info: action=ignore
CONFIG
}

# The emulator is ended as soon as the console says that all is done.
emulate() {
    : >"$work/console"
    echo continue >"$work/commands" # Debian's emulator begins in its debugger
    bochs -q -f "$work/bochsrc" -rc "$work/commands" >"$work/bochs" 2>&1 &
    emulator=$!
    trap 'kill $emulator 2>/dev/null' EXIT
    while kill -0 $emulator 2>/dev/null && ! grep -q 'the emulation is over\|Kernel panic' "$work/console"; do
        sleep 5
    done
    tr -d '\r' <"$work/console" | grep -v 'the emulation is over'
    grep -q '^[0-9]* passed, 0 failed' "$work/console"
}

fill_root "$@"
make_disk
emulate
