#!/usr/bin/busybox sh
# The guest's first process: file systems, modules, network and udev, then the agent, which does what the tests ask.
/usr/bin/busybox mount -t proc proc /proc
/usr/bin/busybox --install -s /usr/bin
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
while read -r module; do
  case "$module" in
    dummy_hcd) insmod "/modules/$module.ko" num=4 ;; # as many devices as there are
    *) insmod "/modules/$module.ko" ;;
  esac
done < /modules/order
mount -t configfs config /sys/kernel/config
ip link set lo up
ip link set eth0 up
ip address add 10.0.2.15/24 dev eth0
/usr/lib/systemd/systemd-udevd --daemon
echo "guest: up after $(cut -d ' ' -f 1 /proc/uptime) s"
/usr/local/bin/node /portcullis/test/hid/guest/agent.ts "$(sed 's/.*agent=\([0-9]*\).*/\1/' /proc/cmdline)"
echo "guest: the agent ended with $?"
poweroff -f
