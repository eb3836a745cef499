package azuresim

// listCharge is what a page of instances costs: a view for each that is shown,
// and on the first page one for each surplus machine that is not
// (azure-facts §2.1). With $filter all that was looked at may cost (azure-facts §6).
func (s *Server) listCharge(r *request, set *scaleSet, shown int, isFirst bool) int {
	charge := shown
	if s.switches.FilterCharge == "scanned" && r.queryValue("$filter") != "" && isFirst {
		charge = len(set.instances)
	}
	if isFirst {
		charge += len(set.surplus)
	}
	return charge
}

// filterOf is what a filter's text stands for; what it does in Flexible sets is not known (azure-facts §2.7).
func (s *Server) filterOf(set *scaleSet, text string) (func(look) bool, bool) {
	if set.isFlexible() && text != "" {
		switch s.switches.FlexibleFilter {
		case "ignore":
			text = ""
		case "refuse":
			return nil, false
		}
	}
	filter, known := filters[text]
	return filter, known
}
