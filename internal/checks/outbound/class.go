package outbound

import "net/netip"

// class is a range of addresses that is no ordinary part of the public internet.
type class struct {
	name   string
	prefix netip.Prefix
	// mayOpen: an entry of the allow-list may permit it. What serves credentials to instances, and what no server can have, is
	// never permitted: an entry there would be a mistake.
	mayOpen bool
}

// classes are the special ranges, from the IANA registries of special-purpose addresses and the metadata services of the clouds. The
// first that holds an address decides, so single addresses come before the ranges they are in.
var classes = []class{
	never("metadata", "169.254.169.254/32"), never("metadata", "169.254.170.2/32"), never("metadata", "169.254.170.23/32"),
	never("metadata", "168.63.129.16/32"), never("metadata", "192.0.0.192/32"), never("metadata", "100.100.100.200/32"),
	never("metadata", "fd00:ec2::254/128"), never("metadata", "fd20:ce::254/128"),

	listed("loopback", "127.0.0.0/8"), listed("loopback", "::1/128"),
	listed("private", "10.0.0.0/8"), listed("private", "172.16.0.0/12"), listed("private", "192.168.0.0/16"), listed("private", "fc00::/7"),
	listed("shared", "100.64.0.0/10"),
	never("link-local", "169.254.0.0/16"), never("link-local", "fe80::/10"),

	never("unspecified", "0.0.0.0/8"), never("unspecified", "::/128"),
	never("multicast", "224.0.0.0/4"), never("multicast", "ff00::/8"),
	never("reserved", "240.0.0.0/4"), never("reserved", "192.0.0.0/24"), never("reserved", "198.18.0.0/15"),
	never("reserved", "192.88.99.0/24"),
	never("documentation", "192.0.2.0/24"), never("documentation", "198.51.100.0/24"), never("documentation", "203.0.113.0/24"),
	never("documentation", "2001:db8::/32"), never("documentation", "3fff::/20"),

	// An IPv6 address that carries an IPv4 one reaches whatever a gateway makes of it.
	never("IPv4-carrying", "::/96"), never("IPv4-carrying", "::ffff:0:0:0/96"), never("IPv4-carrying", "64:ff9b::/96"),
	never("IPv4-carrying", "64:ff9b:1::/48"), never("IPv4-carrying", "2002::/16"), never("IPv4-carrying", "2001::/32"),
	never("reserved", "2001::/23"),
}

// globalUnicast is all of IPv6 that is assigned to servers on the internet.
var globalUnicast = netip.MustParsePrefix("2000::/3")

func never(name, prefix string) class {
	return class{name: name, prefix: netip.MustParsePrefix(prefix)}
}

func listed(name, prefix string) class {
	return class{name: name, prefix: netip.MustParsePrefix(prefix), mayOpen: true}
}

// classOf returns the class of an address, and false for a public one. An IPv4 address in IPv6 form is the IPv4 address; one with a zone
// is link-local whatever its number.
func classOf(a netip.Addr) (class, bool) {
	if !a.IsValid() || a.Zone() != "" {
		return class{name: "scoped"}, true
	}
	a = a.Unmap()
	for _, c := range classes {
		if c.prefix.Contains(a) {
			return c, true
		}
	}
	if a.Is6() && !globalUnicast.Contains(a) {
		return class{name: "reserved"}, true
	}
	return class{}, false
}
