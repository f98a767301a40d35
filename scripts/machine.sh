# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what scripts/vm was told, and what it wants to know
# Sourced by scripts/vm: the hardware of a machine, as QEMU's options in $args.

# It reaches 256 MiB, if it is not told otherwise.
EDU=edu,dma_mask=0xffffffffffff
FIRMWARE=/usr/share/qemu-efi-aarch64/QEMU_EFI.fd
RAM=0x40000000		# where virt's begins
FAR=0x10000000000	# where --far begins
HOLE=0x10000		# between two --pieces
IMAGE=0x40200000	# the kernel, and its device tree, for the loader
TREE=0x48000000

# machine: fill in what differs between the profiles
machine()
{
	local vmem=${pool:-1024}

	[ -z "$numa" ] || vmem=2048
	case $profile in
	dpu)
		arm64_machine "$smmu"
		mem=${mem:-2048}
		cut_memory
		movable "${dma:-force}" ;;
	server-arm64)
		arm64_machine ,iommu=smmuv3
		mem=${mem:-3072}
		rootfs=server
		args+=(-device "$EDU" -device "$EDU")
		base=$((RAM + (mem - vmem) * 0x100000))
		append="mem=$((mem - vmem))M$append"
		[ -z "$dma" ] || movable "$dma" ;;
	server-x86)
		x86_machine
		mem=${mem:-4096}
		base=$((0x100000000))
		[ -z "$thin" ] || thin_pool "$vmem"
		append="intel_iommu=on memmap=${vmem}M\$$((base >> 30))G$append" ;;
	*)
		die "unknown profile '$profile': dpu, server-arm64 or server-x86" ;;
	esac
	if [ -n "$base" ]; then
		append+=$(printf ' VMEM_BASE=%#x VMEM_SIZE=%#x' "$base" $((vmem << 20)))
	fi
	memory
}

# possible: say what cannot be before anything is made
possible()
{
	case $profile in
	dpu) lacks thin numa pool stock ;;
	server-arm64) lacks thin pieces far ;;
	server-x86) lacks debug mmio mte acpi pieces far smmu dts ;;
	esac
	[ -z "$stock" ] || lacks debug dts
	[ -z "$thin" ] || lacks numa
	[ -z "$far" ] || lacks pieces
	if [ -n "$acpi" ]; then
		# QEMU writes a device tree, which the firmware keeps to itself.
		lacks dts pieces far
	fi
	[ "$gic" != 2 ] || [ "$smp" -le 8 ] || die "--gic 2 serves 8 CPUs, not $smp"
}

# lacks OPTION...: that is without an effect on this machine
lacks()
{
	local option

	for option; do
		[ -z "${!option}" ] || die "$profile as it is asked for has no --${option/stock/kernel}"
	done
}

arm64_machine()
{
	qemu=qemu-system-aarch64
	flavour=arm64-${stock:-release}
	[ -z "$debug" ] || flavour=arm64-debug
	rootfs=dpu
	cpu=${cpu:-${mte:+max}}
	cpu=${cpu:-neoverse-n1}
	args+=(-machine "virt,virtualization=on,gic-version=$gic${1:-}${mte:+,mte=on}")
	[[ $append == *kvm-arm.mode=* ]] || append=" kvm-arm.mode=nvhe$append"
	boot="root=/dev/vda console=ttyAMA0"
	[ -z "$acpi" ] || firmware
	[ "${ACCEL:-tcg}" = tcg ] || die "ACCEL=$ACCEL: only tcg runs arm64 here"
}

firmware()
{
	[ -e "$FIRMWARE" ] || die "no $FIRMWARE: run scripts/deps"
	args+=(-machine ras=on -bios "$FIRMWARE")
	boot+=" acpi=force"
}

x86_machine()
{
	qemu=qemu-system-x86_64
	flavour=amd64-${stock:-6.12}
	rootfs=server
	cpu=${cpu:-max}
	args+=(-machine q35,kernel-irqchip=split
	       -device intel-iommu,intremap=on -device edu -device edu)
	boot="console=ttyS0 no_timer_check"
	[ "${ACCEL:-tcg}" != kvm ] || cpu=host
}

# movable HOW: most of memory is, and devices reach it like this
movable()
{
	# A device that could pass by the bounce buffers would be a hole.
	virtio=,iommu_platform=on
	append="movablecore=75% memhp_default_state=online_movable $append"
	case $1 in
	force) append="swiotlb=16384,force $append" ;;
	residency) append="swiotlb=16384 dma_residency $append" ;;
	none) ;;
	*) die "--dma $1: force, residency or none" ;;
	esac
}

# memory: of the host's it takes what the guest touches, however much there is
memory()
{
	if [ -n "$numa" ]; then
		nodes
	elif [ -z "$thin" ]; then
		backend ram "$mem"
		args+=(-machine memory-backend=ram)
	fi
}

# backend ID MIB
backend()
{
	args+=(-object "memory-backend-ram,id=$1,size=$2M,reserve=off")
}

# nodes: the last GiB and the last CPU are a node of their own
nodes()
{
	backend near $((mem - 1024))
	backend far 1024
	args+=(-numa "node,memdev=near,cpus=0-$((smp - 2))"
	       -numa "node,memdev=far,cpus=$((smp - 1))")
	# A package cannot be on two nodes.
	smp+=,sockets=$smp
}

# thin_pool MIB: behind $mem, which ends at a GiB.  All of it is one GiB of a file, by
# way of a library that QEMU is started with.
thin_pool()
{
	backend near "$mem"
	truncate -s "$1M" "$work/thin"
	preload=$work/thin.so
	gcc -shared -fPIC -O2 -Wall -Werror -o "$preload" "$TOP/scripts/thin.c"
	export THIN_FILE=$work/thin
	args+=(-object "memory-backend-file,id=thin,mem-path=$work/thin,share=on,size=$1M,reserve=off"
	       -numa "node,memdev=near,cpus=0-$((smp - 1))" -numa "node,memdev=thin")
	# Of a machine as large as that, 2 GiB are below the hole.
	base=$(((mem + 2048) << 20))
	mem=$((mem + $1))
	high_memory
	append=" numa=off$append"
}

# high_memory: what does not end below where AMD's CPUs keep the last 12 of 1024 GiB,
# QEMU has at 1 TiB and above
high_memory()
{
	[ $((mem + 2048)) -gt $(((1024 - 12) << 10)) ] || return 0
	base=$((base - (4 << 30) + (1 << 40)))
	cpu+=,phys-bits=46
}

# cut_memory: a device tree whose memory is not one range
cut_memory()
{
	local ranges

	if [ -n "$far" ]; then
		ranges="$(range $((RAM)) $((mem << 20))) $(range $((FAR)) $((far << 20)))"
		backend far "$far"
		args+=(-device "pc-dimm,memdev=far,addr=$FAR")
	elif [ -n "$pieces" ]; then
		# The kernel does not know that there is memory in the holes.
		ranges=$(pieces_of $((mem << 20)) "$pieces")
	else
		return 0
	fi
	echo "/ { memory@40000000 { reg = <$ranges>; }; };" > "$work/memory.dts"
	dts+=" $work/memory.dts"
}

# range START SIZE: as a device tree has it
range()
{
	printf '%#x %#x %#x %#x' $(($1 >> 32)) $(($1 & 0xffffffff)) $(($2 >> 32)) $(($2 & 0xffffffff))
}

# pieces_of SIZE N
pieces_of()
{
	local size=$(($1 / $2 & ~(HOLE - 1))) i

	for ((i = 0; i < $2; i++)); do
		range $((RAM + i * size)) $((size - HOLE))
		echo
	done
}

accelerator()
{
	if [ "${ACCEL:-tcg}" = kvm ]; then
		args+=(-accel kvm)
	elif [ -n "$icount" ]; then
		# Nothing may come from outside: no entropy, no clock.
		args+=(-accel tcg,thread=single -icount shift=0,sleep=off
		       -seed 1 -rtc base=2025-01-01,clock=vm)
		# While the machine idles its clock leaps, and the host's disk may be at work.
		append+=" nokaslr sysctl.kernel.hung_task_timeout_secs=0"
	else
		args+=(-accel tcg,thread=multi)
	fi
}

# virtio KIND[,OPTIONS]: a device, on the bus that this machine has for them
virtio()
{
	local kind=${1%%,*}
	local options=${1#"$kind"}$virtio

	if [ -n "$mmio" ]; then
		# In the order of addresses, or the kernel would count from the other end.
		args+=(-device "virtio-$kind-device,bus=virtio-mmio-bus.$slot$options")
		slot=$((slot + 1))
	else
		args+=(-device "virtio-$kind-pci$options${virtio:+,disable-legacy=on}")
	fi
}

# drive NAME FILE [OPTIONS]
drive()
{
	args+=(-drive "if=none,id=$1,format=raw,file=$2${3:-}")
}

# disk NAME FILE [OPTIONS]: the guest finds it by that name
disk()
{
	drive "$@"
	virtio "blk,drive=$1,serial=$1"
}

# blank NAME: a drive of 1 GiB
blank()
{
	truncate -s 1G "$work/$1"
	drive "$1" "$work/$1" ,cache=unsafe
}

disks()
{
	disk root "$image" ,snapshot=on
	disk job "$work/job" ,read-only=on
	[ ! -e "$built" ] || disk built "$built" ,read-only=on
	blank scratch
	virtio blk,drive=scratch,serial=scratch
	if [ -n "$nvme" ]; then
		blank nvme
		args+=(-device nvme,drive=nvme,serial=nvme)
	fi
}

channels()
{
	virtio serial
	args+=(-add-fd "fd=3,set=1"
	       -chardev file,id=out,path=/dev/fdset/1,append=on
	       -device virtserialport,chardev=out,name=out
	       -chardev "file,id=status,path=$work/status"
	       -device virtserialport,chardev=status,name=status
	       -object rng-builtin,id=rng)
	virtio rng,rng=rng
	if [ "$mode" = shell ]; then
		args+=(-chardev "stdio,id=con,mux=on,signal=off,logfile=$console"
		       -serial chardev:con -mon chardev=con)
	else
		args+=(-serial "file:$console" -monitor none)
	fi
}

# Two cards, and nothing else, on a hub.
network()
{
	local n rom=,romfile=

	[ -z "$mmio" ] || rom=''
	for n in 0 1; do
		args+=(-netdev "hubport,id=net$n,hubid=0")
		virtio "net,netdev=net$n$rom"
	done
}

# slots: empty ones, drives for what is plugged there, and the guest's own hand to do it:
# QEMU's monitor at a port of the guest's.
slots()
{
	local n

	for n in 0 1; do
		args+=(-device "pcie-root-port,id=slot$n,chassis=$n,slot=$n")
		truncate -s 1G "$work/plug$n"
		# A -drive would be gone with the first device that has it.
		args+=(-blockdev "raw,node-name=plug$n,file.driver=file,file.filename=$work/plug$n,cache.no-flush=on")
	done
	args+=(-chardev "socket,id=monitor,path=$work/monitor,server=on,wait=off"
	       -mon chardev=monitor,mode=readline
	       -chardev "socket,id=hand,path=$work/monitor"
	       -device virtserialport,chardev=hand,name=monitor)
}

devices()
{
	[ -z "$mmio" ] || args+=(-global virtio-mmio.force-legacy=off)
	disks
	channels
	[ -z "$net" ] || network
	[ -z "$plug" ] || slots
}

# kernel_options: add to $cmd what starts the kernel
kernel_options()
{
	local line="$boot $append"

	if [ -z "$dts" ]; then
		cmd+=(-kernel "$kernel/image" -append "$line")
	elif [ -z "$pieces$far" ]; then
		cmd+=(-kernel "$kernel/image" -append "$line")
		device_tree
		cmd+=(-dtb "$work/dtb")
	else
		loader
		echo "/ { chosen { bootargs = \"$line\"; }; };" > "$work/line.dts"
		dts+=" $work/line.dts"
		device_tree
		cmd+=(-device "loader,file=$kernel/image,addr=$IMAGE,force-raw=on"
		      -device "loader,file=$work/dtb,addr=$TREE,force-raw=on")
	fi
}

# loader: QEMU takes DIMMs, and a device tree that says where memory is, only with a
# firmware.  This one starts the kernel.
loader()
{
	local cross

	cross=$(cross_of arm64)
	"${cross}as" -o "$work/loader.o" - <<-END
		movz x0, #$TREE >> 16, lsl #16
		movz x4, #$IMAGE >> 16, lsl #16
		mov x1, xzr
		mov x2, xzr
		mov x3, xzr
		br x4
	END
	"${cross}objcopy" -O binary -j .text "$work/loader.o" "$work/loader"
	cmd+=(-bios "$work/loader")
}

# device_tree: the tree that QEMU would make, and ours on top
device_tree()
{
	local dtc=$kernel/kdir/scripts/dtc/dtc

	"${cmd[@]}" -machine "dumpdtb=$work/dtb" 3> /dev/null > "$work/qemu" 2>&1
	"$dtc" -q -I dtb -O dts -o "$work/dts" "$work/dtb"
	# shellcheck disable=SC2086 # a list
	"$dtc" -q -I dts -O dtb -o "$work/dtb" <(cat "$work/dts" $dts)
}
