-- Starts of gateways; the one with the greatest turn is believed.
CREATE TABLE sender (
  organization text NOT NULL,
  gateway text NOT NULL,
  instance text NOT NULL,
  turn bigint NOT NULL,
  heard_at timestamptz NOT NULL,
  PRIMARY KEY (organization, gateway, instance)
);

-- Up to which number everything of an incarnation is here, as its batches said.
CREATE TABLE sent_through (
  organization text NOT NULL,
  gateway text NOT NULL,
  epoch text NOT NULL,
  through bigint NOT NULL,
  PRIMARY KEY (organization, gateway, epoch)
);
