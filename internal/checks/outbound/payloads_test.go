package outbound_test

import "net/netip"

// payload is one try to make the manager call an address that it must not call. hosts gives what names of the payload resolve to, lookup by
// lookup: DNS rebinding is a name that resolves to another address the next time.
type payload struct {
	url   string
	hosts map[string][][]string
}

// evilAddresses are literals in every form that some program takes for an address. They are tried on their own, and as what a name
// resolves to where they are an address at all.
var evilAddresses = []string{
	// Metadata services, and the address that serves Azure's instances.
	"169.254.169.254", "168.63.129.16", "192.0.0.192", "100.100.100.200", "169.254.170.2", "169.254.170.23", "[fd00:ec2::254]",
	"[fd20:ce::254]",
	// Loopback, link-local, private, shared.
	"127.0.0.1", "127.0.0.53", "127.255.255.254", "169.254.0.1", "169.254.255.254", "10.0.0.1", "10.255.255.255", "172.16.0.1",
	"172.31.255.254", "192.168.0.1", "192.168.255.254", "100.64.0.1", "100.127.255.254",
	// What no server has.
	"0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.0.0.1", "192.0.0.170", "198.18.0.1",
	"198.19.255.254",
	"192.0.2.1", "198.51.100.1", "203.0.113.1", "192.88.99.1",
	// IPv6.
	"[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[fe80::1]", "[fe80::a9fe:a9fe]", "[febf::1]", "[fec0::1]", "[fc00::1]",
	"[fd12:3456:789a::1]",
	"[ff02::1]", "[ff0e::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]", "[5f00::1]", "[4000::1]", "[2001:10::1]",
	// IPv4 in IPv6: mapped, translated, NAT64, 6to4, Teredo.
	"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[0:0:0:0:0:ffff:10.0.0.1]",
	"[::ffff:168.63.129.16]",
	"[::ffff:0:127.0.0.1]", "[::ffff:0:169.254.169.254]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::169.254.169.254]",
	"[2002:7f00:1::]",
	"[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::1]", "[2001:0:53aa:64c:0:7fff:5601:5601]", "[::a9fe:a9fe]",
	// Zones.
	"[fe80::1%25eth0]", "[fe80::1%25lo]", "[::1%25lo]", "[fe80::a9fe:a9fe%251]", "[2606:4700::1111%25eth0]",
}

// evilHosts are no addresses in our eyes, and are in others'.
var evilHosts = []string{
	// Decimal, octal, hexadecimal, short, mixed, overflowing.
	"2130706433", "2852039166", "3232235521", "017700000001", "0x7f000001", "0xa9fea9fe", "0X7F000001", "0x7f.0x0.0x0.0x1", "0177.0.0.1",
	"0177.0.0.01",
	"0251.0376.0251.0376", "127.1", "127.0.1", "10.1", "169.254.43518", "0", "0x0", "00000177.1", "127.0.0.1.", "169.254.169.254.",
	"127.0.0.0x1",
	"0xa9.0xfe.0xa9.0xfe", "0xa9.254.0251.254", "425.510.425.510", "4294967297", "127.0.0.256", "1.1.1.1.1", "0b1111111", "0o177.0.0.1",
	"127.000.000.001",
	// Names with dots and digits that are not ASCII, escapes, nothing.
	"127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "①②⑦.⓪.⓪.①", "１２７.0.0.1", "169。254。169。254", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "loca%6chost", "127.0.0.1%00.example.com",
	"127.0.0.1%2f.example.com", "example.com%0d%0aHost:127.0.0.1", "127.0.0.1\\.example.com", "a..b", ".", "..", "", "-[::1]", "[127.0.0.1]",
	"[::1", "[]", "::1",
	"[localhost]", "[v1.127.0.0.1]", "exa mple.com", "example.com\t", "exam\x00ple.com", "example.com\r\nX: y", "%31%32%37.0.0.1", "*",
}

// evilURLs are whole.
var evilURLs = []string{
	// User names.
	"http://example.com@127.0.0.1/", "http://127.0.0.1@example.com/", "http://user:secret@example.com/", "http://@example.com/",
	"http://:@example.com/",
	"http://example.com:80@169.254.169.254/", "http://example.com%40127.0.0.1/", "http://a@b@127.0.0.1/", "http://127.0.0.1#@example.com/",
	"http://127.0.0.1?@example.com/", "http://127.0.0.1\\@example.com/", "http://example.com\\@127.0.0.1/",
	// Schemes.
	"file:///etc/passwd", "ftp://example.com/", "gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1:11211/stats", "ldap://example.com/",
	"jar:http://127.0.0.1!/",
	"unix:///var/run/docker.sock", "data:text/plain,x", "javascript:alert(1)", "ws://example.com/", "wss://example.com/",
	"netdoc:///etc/passwd", "//127.0.0.1/",
	"127.0.0.1/", "http:127.0.0.1/", "http:/127.0.0.1/", "http:///127.0.0.1/", "", " http://example.com/", "\nhttp://example.com/",
	"http+unix://%2Fvar/x",
	// Ports.
	"http://example.com:0/", "http://example.com:65536/", "http://example.com:-1/", "http://example.com:22/", "http://example.com:25/",
	"http://example.com:00080/",
	"http://example.com:445/", "http://example.com:/", "http://example.com:80:22/", "http://example.com:+80/", "http://example.com:8８/",
	"https://1.1.1.1:53/",
	"http://127.0.0.1:10250/", "http://127.0.0.1:2379/", "http://10.0.0.1:22/", "http://10.0.0.1:8080/", "http://10.96.0.1:443/x",
	"https://[::1]:6443/",
	// Requests in requests.
	"http://example.com/\r\nHost: 127.0.0.1", "http://example.com/ HTTP/1.1\r\nX: y", "http://example.com\r\n/",
	"http://example.com:80\r\n@127.0.0.1/",
}

// names resolve to what is refused, at once or later.
func namePayloads() []payload {
	once := func(host string, addresses ...string) payload {
		return payload{url: "http://" + host + "/", hosts: map[string][][]string{host: {addresses}}}
	}
	all := []payload{
		once("localhost", "127.0.0.1", "::1"), once("localhost.", "127.0.0.1"), once("LOCALHOST", "127.0.0.1"),
		once("metadata.google.internal", "169.254.169.254"),
		once("kubernetes.default.svc", "10.96.0.1"), once("169.254.169.254.nip.example", "169.254.169.254"),
		once("spoofed.example", "::ffff:127.0.0.1"),
		once("mixed.example", "93.184.215.14", "127.0.0.1"),
		once("mixed-last.example", "93.184.215.14", "1.1.1.1", "2606:4700::1111", "10.0.0.1", "::1"),
		once("zoned.example", "fe80::1%eth0"), once("zoned-public.example", "2606:4700::1111%eth0"), once("xn--n3h.example", "127.0.0.1"),
		once("nothing.example"),
		once("under_score.example", "192.168.1.1"), once("a.b.c.d.e.f", "0.0.0.0"), once("nat64.example", "64:ff9b::a9fe:a9fe"),
	}
	for _, a := range evilAddresses {
		if literal, err := netip.ParseAddr(trimBrackets(a)); err == nil {
			all = append(all, once("of-"+fingerprint(a)+".example", literal.String()))
		}
	}
	return all
}

// rebinding names resolve to a public address first, and inside from the second time on.
func rebindingPayloads() []payload {
	var all []payload
	for _, inside := range []string{"127.0.0.1", "169.254.169.254", "168.63.129.16", "10.0.0.1", "::1", "::ffff:169.254.169.254",
		"fd00:ec2::254", "0.0.0.0"} {
		host := "rebind-" + fingerprint(inside) + ".example"
		all = append(all, payload{url: "http://" + host + "/", hosts: map[string][][]string{host: {{"93.184.215.14"}, {inside}}}})
	}
	return all
}

// redirectPayloads are where a permitted endpoint sends its callers.
var redirectPayloads = []string{
	"http://169.254.169.254/latest/meta-data/", "http://168.63.129.16/machine?comp=goalstate", "http://127.0.0.1/", "http://[::1]/",
	"//127.0.0.1/",
	"http://10.0.0.1/", "https://192.0.0.192/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_", "http://93.184.215.14/elsewhere",
	"/elsewhere", "http://2130706433/",
}

// literalPayloads are all payloads that need no resolver.
func literalPayloads() []payload {
	var all []payload
	for _, host := range append(append([]string{}, evilAddresses...), evilHosts...) {
		all = append(all, payload{url: "http://" + host + "/latest/meta-data/"})
	}
	for _, url := range evilURLs {
		all = append(all, payload{url: url})
	}
	return all
}
