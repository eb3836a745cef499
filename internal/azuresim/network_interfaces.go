package azuresim

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// The network interfaces of machines in Flexible sets are resources beside others, as the machines are.

func (s *network) listInterfaces(r *request) (*response, *armError) {
	if r.args["group"] != "" {
		if err := s.findGroup(r); err != nil {
			return nil, err
		}
	}
	after, err := machinesAfter(r)
	if err != nil {
		return nil, err
	}
	all := s.interfaces(r)
	last := min(after+s.lists.pageSize, len(all))
	body := members{{"value", all[min(after, last):last]}}
	if last < len(all) {
		body = append(body, member{"nextLink", machinesLink(r, base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(last))))})
	}
	return answer(http.StatusOK, body), nil
}

// interfaces are the bodies of those in the subscription, or the group, that a path names.
func (s *network) interfaces(r *request) []members {
	list := []members{}
	for _, inst := range s.machines(r.args["sub"], "") {
		if matches(r.args["group"], inst.set.group) {
			list = append(list, s.nics(inst)...)
		}
	}
	return list
}

func (s *network) getOneInterface(r *request) (*response, *armError) {
	if err := s.findGroup(r); err != nil {
		return nil, err
	}
	for _, nic := range s.interfaces(r) {
		if strings.EqualFold(nic.text(0), r.args["nic"]) {
			return answer(http.StatusOK, nic), nil
		}
	}
	return nil, typedNotFound("Microsoft.Network/networkInterfaces", r.args["nic"], r.args["group"])
}
