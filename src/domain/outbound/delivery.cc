#include "domain/outbound/delivery.h"

namespace posthorn::domain {

std::string_view to_text(DeliveryState state) {
  switch (state) {
    case DeliveryState::pending:
      return "pending";
    case DeliveryState::succeeded:
      return "succeeded";
    case DeliveryState::exhausted:
      return "exhausted";
    case DeliveryState::cancelled:
      return "cancelled";
  }
  return "";
}

std::optional<DeliveryState> parse_delivery_state(std::string_view text) {
  for (const auto state :
       {DeliveryState::pending, DeliveryState::succeeded, DeliveryState::exhausted, DeliveryState::cancelled}) {
    if (to_text(state) == text) return state;
  }
  return std::nullopt;
}

}  // namespace posthorn::domain
