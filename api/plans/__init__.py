"""Plans with their target trees and approval, and the supervisors' income targets."""
